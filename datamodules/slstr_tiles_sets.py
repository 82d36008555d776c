"""Datasets of `data=slstr_tiles`: masks and images that do not belong together, and real pairs of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from datamodules.shards import POSITION
from datamodules.slstr_tiles_plan import TileImages
from errors import UserError
from products.binary_mask import read_binary_mask
from synthesis.clouds.tile_manifest import TileRecord

SECOND_DOMAIN = 1  # in the seed of what an unpaired sample draws from its other domain


@dataclass(frozen=True)
class TileChange:
    """What is done to training tiles: resized, cropped, flipped or turned, in this order.

    Attributes:
        resize_px: side after resizing (bicubic, as the published training has it); None: not resized.
        patch_size: side of the crop; None: whole tiles.
        augmentation: `none`, `flip` (left and right) or `dihedral` (all flips and quarter turns).
        mask_resampling: `nearest` keeps masks binary, `bicubic` makes their edges grey, as published.
    """

    resize_px: int | None = None
    patch_size: int | None = None
    augmentation: str = "none"
    mask_resampling: str = "nearest"

    def __call__(
        self, generator: np.random.Generator, arrays: Sequence[np.ndarray], kinds: Sequence[str]
    ) -> list[np.ndarray]:
        """Arrays (C, H, W) of one tile, changed alike.

        Args:
            generator: of everything random.
            arrays: of equal height and width.
            kinds: of each: image, mask or valid.
        """
        if self.resize_px is not None:
            arrays = [self._resized(array, kind) for array, kind in zip(arrays, kinds, strict=True)]
        height, width = arrays[0].shape[-2:]
        if self.patch_size is not None:
            side = self.patch_size
            row, column = (
                int(generator.integers(height - side + 1)),
                int(generator.integers(width - side + 1)),
            )
            arrays = [array[:, row : row + side, column : column + side] for array in arrays]
        if self.augmentation != "none":
            right, down, turned = (bool(bit) for bit in generator.integers(2, size=3))
            square = arrays[0].shape[-1] == arrays[0].shape[-2]
            if self.augmentation == "flip":
                down = turned = False
            axes = tuple(axis for axis, on in ((-2, down), (-1, right)) if on)
            arrays = [np.flip(array, axes) for array in arrays]
            arrays = [np.swapaxes(array, -2, -1) if turned and square else array for array in arrays]
        return [np.ascontiguousarray(array) for array in arrays]

    def _resized(self, array: np.ndarray, kind: str) -> np.ndarray:
        assert self.resize_px is not None
        tensor, size = torch.from_numpy(array.astype(np.float32))[None], (self.resize_px, self.resize_px)
        if kind == "valid" or (kind == "mask" and self.mask_resampling == "nearest"):
            return interpolate(tensor, size, mode="nearest-exact")[0].numpy().astype(array.dtype)
        resized = interpolate(tensor, size, mode="bicubic", antialias=True)[0].clamp(0, 1)
        return np.asarray(resized.numpy(), np.float32)


class TilePairs(Dataset):
    """Whole tiles: `source` (mask_channels, H, W), `target` (C, H, W), both float32 in [0, 1], `valid` (1, H, W) bool.

    Beside them `id` and `scene` (the product's name). Indexed by number.

    Args:
        records: the tiles.
        images: how they are read.
        mask_channels: copies of the mask.
    """

    def __init__(self, records: Sequence[TileRecord], images: TileImages, mask_channels: int) -> None:
        self.records, self.images, self.mask_channels = list(records), images, mask_channels

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        record = self.records[index]
        mask, known = read_mask(record)
        image, valid = self.images.read(record)
        if image.shape[1:] != mask.shape[1:]:
            raise UserError(
                f"{record.image}: found {image.shape[1]} x {image.shape[2]} pixels, expected {mask.shape[1]} x "
                f"{mask.shape[2]} as in {record.mask}"
            )
        return {
            "source": repeated(mask, self.mask_channels), "target": image, "valid": valid & known,
            "id": record.id, "scene": record.product,
        }  # fmt: skip


class TrainingTiles(Dataset):
    """Tiles to train on, changed at random; indexed by `(index, draw)`.

    Unpaired samples hold `domain_a` (mask_channels, h, w), the mask of the tile `index`, and `domain_b` (C, h, w), the
    image of another one that is drawn from the same tiles; `valid_a`, `valid_b` (1, h, w) bool; `id`. Paired ones hold
    what `TilePairs` holds. What is random comes from `numpy.random.default_rng([seed, satellite, draw])`.

    Args:
        pairs: the tiles.
        change: what is done to them.
        unpaired: see above.
        seed, satellite: see above.
    """

    def __init__(
        self, pairs: TilePairs, change: TileChange, *, unpaired: bool, seed: int, satellite: int
    ) -> None:
        self.pairs, self.change, self.unpaired = pairs, change, unpaired
        self.seed, self.satellite = seed, satellite

    def part(self, indices: Sequence[int]) -> "TrainingTiles":
        """Some of the tiles: images are drawn from these only."""
        pairs = TilePairs(
            [self.pairs.records[index] for index in indices], self.pairs.images, self.pairs.mask_channels
        )
        return TrainingTiles(
            pairs, self.change, unpaired=self.unpaired, seed=self.seed, satellite=self.satellite
        )

    def __len__(self) -> int:
        return len(self.pairs)

    def labels(self, kind: str) -> list[str]:
        """Of each tile: its bucket as class, its product and row as place, and rows as units; see `shards.Labelled`."""
        records = self.pairs.records
        if kind == "class":
            return [f"cover {record.bucket:g}" for record in records]
        return [f"{record.product}{POSITION}{record.row:06d}" for record in records]

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        index, draw = item
        first = np.random.default_rng([self.seed, self.satellite, draw])
        if not self.unpaired:
            sample = self.pairs[index]
            keys = ("source", "target", "valid")
            changed = self.change(first, [sample[key] for key in keys], ("mask", "image", "valid"))
            return {**sample, **dict(zip(keys, changed, strict=True))}
        second = np.random.default_rng([self.seed, self.satellite, draw, SECOND_DOMAIN])
        other = self.pairs.records[int(second.integers(len(self.pairs)))]
        record = self.pairs.records[index]
        mask, valid_a = self.change(first, read_mask(record), ("mask", "valid"))
        image, valid_b = self.change(second, self.pairs.images.read(other), ("image", "valid"))
        return {
            "domain_a": repeated(mask, self.pairs.mask_channels), "domain_b": image, "valid_a": valid_a,
            "valid_b": valid_b, "id": f"{record.id} + {other.id}",
        }  # fmt: skip


def read_mask(record: TileRecord) -> tuple[np.ndarray, np.ndarray]:
    """Cloud (1, H, W) float32, 0 or 1, and where (1, H, W) bool something is known.

    Raises:
        UserError: the file cannot be read or is not binary.
    """
    mask = read_binary_mask(record.mask)
    return mask.cloud[None].astype(np.float32), mask.known[None]


def repeated(mask: np.ndarray, channels: int) -> np.ndarray:
    """A mask (1, h, w) as (channels, h, w)."""
    return np.repeat(mask, channels, axis=0)

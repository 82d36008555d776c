"""Which cloud tiles are for what, and how they are read; no torch is needed to find out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.errors import RasterioError

from errors import UserError
from products.binary_mask import read_binary_mask
from products.raster import open_dataset
from synthesis.clouds.tile_manifest import SPLITS, TileRecord, read_manifest
from synthesis.clouds.tile_split import with_splits

FALSE_COLOUR = ("red", "green", "blue")
AUGMENTATIONS = ("none", "flip", "dihedral")
RESAMPLINGS = ("nearest", "bicubic")


@dataclass(frozen=True)
class TileImages:
    """How images are read.

    Attributes:
        bands: names, in order.
        indexes: their 1-based numbers in the files.
        low, high: numbers of files that become 0 and 1.
        geotiff: whether 0 is no data.
    """

    bands: tuple[str, ...]
    indexes: tuple[int, ...]
    low: float
    high: float
    geotiff: bool

    def read(self, record: TileRecord) -> tuple[np.ndarray, np.ndarray]:
        """An image (C, H, W) float32 in [0, 1], 0 where there is no data, and where (1, H, W) bool there is.

        PNGs cannot say so: in tiles that are known to have gaps, pixels of three zeros are taken for some.

        Raises:
            UserError: the file cannot be read, or has other bands than the first.
        """
        pixels = _pixels(record.image, self.indexes)
        whole = not self.geotiff and record.valid_fraction >= 1
        valid = np.ones(pixels.shape[1:], bool) if whole else (pixels != 0).any(axis=0)
        if self.geotiff:
            valid &= (pixels != 0).all(axis=0)
        image = (pixels.astype(np.float32) - np.float32(self.low)) / np.float32(self.high - self.low)
        image = np.where(valid, image.clip(0, 1, out=image), np.float32(0))
        return image, valid[None]


@dataclass(frozen=True)
class TilePlan:
    """What a DataModule reads.

    Attributes:
        root: folder of the tiles.
        parts: tiles of train, val and test.
        images: how images are read.
    """

    root: Path
    parts: dict[str, list[TileRecord]]
    images: TileImages


def preflight(*, root: str | None = None, **options: Any) -> None:
    """Check a folder of tiles before anything heavy is imported; `root=None` needs no check.

    Raises:
        UserError: see `plan_tiles`.
    """
    if root is not None:
        plan_tiles(Path(root).expanduser(), **options)


def plan_tiles(
    root: Path,
    *,
    buckets: Sequence[float] | None = None,
    bands: Sequence[str] | None = None,
    value_range: Sequence[float] = (0.0, 1.0),
    patch_size: int | None = None,
    resize_px: int | None = None,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    split_seed: int = 0,
) -> TilePlan:
    """Find the tiles, their parts and their bands.

    Args:
        root: folder of tiles with images, see `read_manifest`.
        buckets: upper bounds of cover whose tiles are taken; None: all.
        bands: of GeoTIFFs, which, in order; None: all.
        value_range: reflectance (GeoTIFF) or brightness (PNG, 0 to 1) that becomes 0 and 1.
        patch_size: side of training crops.
        resize_px: side to which training tiles are resized first.
        val_fraction, test_fraction, split_seed: of the split, where the manifest has none.

    Raises:
        UserError: no tiles, none with images, none to train on, other bands, or a patch larger than a tile.
    """
    records = read_manifest(root)
    paired = [record for record in records if record.image is not None]
    if not paired:
        raise UserError(
            f"data.root={root}: found {len(records)} masks without images, expected tiles made with content=both"
        )
    found = sorted({record.bucket for record in paired})
    if buckets is not None:
        chosen = {float(bucket) for bucket in buckets}
        paired = [record for record in paired if record.bucket in chosen]
        if not paired:
            raise UserError(
                f"data.buckets: found no tile with cover in {_text(buckets)}, expected some of {_text(found)}"
            )
    height, width = read_binary_mask(paired[0].mask).cloud.shape
    room = min(height, width) if resize_px is None else resize_px
    if patch_size is not None and patch_size > room:
        raise UserError(f"data.patch_size: found {patch_size}, expected at most {room}, the side of a tile")
    if not any(record.split for record in paired):
        fractions = (
            (1 - test_fraction) * (1 - val_fraction),
            (1 - test_fraction) * val_fraction,
            test_fraction,
        )
        paired = with_splits(paired, fractions, split_seed, tile_px=height)
    parts = {name: [record for record in paired if record.split == name] for name in SPLITS}
    if not parts["train"]:
        raise UserError(
            f"data.root={root}: found no training tile among {len(paired)} with cover in "
            f"{_text(found if buckets is None else buckets)}, expected some (data.buckets=null takes all)"
        )
    return TilePlan(root, parts, _images(parts["train"][0], bands, value_range))


def _images(record: TileRecord, bands: Sequence[str] | None, value_range: Sequence[float]) -> TileImages:
    if len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise UserError(f"data.value_range: found {list(value_range)}, expected two ascending numbers")
    try:
        with open_dataset(str(record.image)) as file:
            geotiff = file.driver == "GTiff"
            names = [name or f"band_{n}" for n, name in enumerate(file.descriptions, start=1)]
            scale = float(file.tags().get("SCALE", 0)) or _full(file.dtypes[0])
    except (RasterioError, ValueError) as error:
        raise UserError(
            f"{record.image}: found no readable image ({error}), expected a cloud tile"
        ) from error
    if not geotiff and len(names) == 3:
        names = list(FALSE_COLOUR)
    chosen = list(names if bands is None else bands)
    for name in chosen:
        if name not in names:
            raise UserError(f"data.bands: found '{name}', expected some of {', '.join(names)}")
    low, high = (float(value) * scale for value in value_range)
    return TileImages(tuple(chosen), tuple(names.index(name) + 1 for name in chosen), low, high, geotiff)


def _full(dtype: str) -> float:
    return float(np.iinfo(dtype).max) if np.dtype(dtype).kind in "ui" else 1.0


def _pixels(path: Path | None, indexes: Sequence[int]) -> np.ndarray:
    try:
        with open_dataset(str(path)) as file:
            pixels: np.ndarray = file.read(list(indexes))
    except (RasterioError, IndexError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}), expected a tile with {max(indexes)} bands"
        ) from error
    return pixels


def _text(bounds: Sequence[float]) -> str:
    return "[" + ", ".join(f"{bound:g}" for bound in bounds) + "]"

"""Where the masks of pairs come from: a folder of tiles or of drawn masks, or noise."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from errors import UserError
from products.binary_mask import read_binary_mask
from products.raster import read_info
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_manifest import read_manifest

PROCEDURAL = "procedural"


@dataclass(frozen=True)
class DrawnMask:
    """The mask of a pair.

    Attributes:
        cloud: (h, w) bool; what its file does not know is no cloud.
        source: file, relative to the folder that the user named, or "procedural".
        product: that it was made of.
        row, column: of its first pixel in the file.
        turns: quarter turns against the clock that it was given.
        flipped: whether it was mirrored left to right after that.
        split: of the tile.
    """

    cloud: np.ndarray
    source: str
    product: str = ""
    row: int = 0
    column: int = 0
    turns: int = 0
    flipped: bool = False
    split: str = ""


class MaskSource(Protocol):
    """Anything that has a mask for each pair; `draw` is a function of the number and the generator's state.

    Attributes:
        height, width: of each mask, pixels.
    """

    height: int
    width: int

    def __len__(self) -> int:
        """How many pairs it is for, where the user does not say."""

    def fingerprint(self) -> str:
        """What tells it from others."""

    def draw(self, number: int, generator: np.random.Generator) -> DrawnMask:
        """The mask of pair `number`, which counts from 0."""


class ListedMasks:
    """Masks of a folder in an order drawn once; in a second round they are turned and mirrored.

    Args:
        folder: tiles with a manifest, or a plain folder of masks.
        tile_px: side; larger masks give windows of it. None: masks are taken whole, all of the first's size.
        buckets: upper bounds of those ranges of cover that are taken; None: all.
        splits: names of those that are taken; None: all.
        seed: of the order.

    Raises:
        UserError: no masks, none that is wanted, or one that is smaller than a tile.
    """

    def __init__(
        self,
        folder: str | Path,
        tile_px: int | None,
        buckets: Sequence[float] | None,
        splits: Sequence[str] | None,
        seed: int,
    ) -> None:
        self.folder, self.cut = Path(folder), tile_px is not None
        records = read_manifest(self.folder)
        self.records = [
            record
            for record in records
            if (buckets is None or record.bucket in [float(bound) for bound in buckets])
            and (splits is None or record.split in splits)
        ]
        if not self.records:
            found = {
                "buckets": sorted({f"{r.bucket:g}" for r in records}),
                "splits": sorted({r.split for r in records}),
            }
            raise UserError(
                f"generator.masks={folder}: found no mask of buckets={_shown(buckets)} and splits={_shown(splits)}, "
                f"expected some (there are the buckets {', '.join(found['buckets'])} and the splits "
                f"{', '.join(found['splits']).strip(', ') or 'none'})"
            )
        info = read_info(self.records[0].mask)
        self.height, self.width = (info.height, info.width) if tile_px is None else (tile_px, tile_px)
        self._order = np.random.default_rng([seed, *b"order of masks"]).permutation(len(self.records))

    def __len__(self) -> int:
        return len(self.records)

    def fingerprint(self) -> str:
        """See `MaskSource.fingerprint`."""
        parts = [
            [r.id, r.split, r.mask_sha256 or hashlib.sha256(r.mask.read_bytes()).hexdigest()]
            for r in self.records
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def draw(self, number: int, generator: np.random.Generator) -> DrawnMask:
        """See `MaskSource.draw`.

        Raises:
            UserError: the mask is damaged, not binary, or of another size.
        """
        again, place = divmod(number, len(self.records))
        record = self.records[int(self._order[place])]
        cloud = read_binary_mask(record.mask).cloud
        height, width = cloud.shape
        row = column = 0
        if self.cut and height >= self.height and width >= self.width:
            row = int(generator.integers(height - self.height + 1))
            column = int(generator.integers(width - self.width + 1))
        elif (height, width) != (self.height, self.width):
            hint = "" if self.cut else "; generator.tile_px=N cuts windows of masks of different sizes"
            raise UserError(
                f"{record.mask}: found {height} x {width} pixels, expected {self.height} x {self.width}{hint}"
            )
        cloud = cloud[row : row + self.height, column : column + self.width]
        turns, flipped = 0, False
        if again:
            turns = (
                int(generator.integers(4)) if self.height == self.width else 2 * int(generator.integers(2))
            )
            flipped = bool(generator.integers(2))
            cloud = np.rot90(cloud, turns)
            cloud = cloud[:, ::-1] if flipped else cloud
        source = record.mask.relative_to(self.folder).as_posix()
        return DrawnMask(
            np.ascontiguousarray(cloud), source, record.product, row, column, turns, flipped, record.split
        )


class MadeUpMasks:
    """Masks of fractal noise, a new one for each pair.

    Args:
        shape: how they are made.
        tile_px: side.
        count: of pairs.
        seed: of all of them.

    Raises:
        UserError: no side or no number is given.
    """

    def __init__(self, shape: ProceduralMasks, tile_px: int | None, count: int | None, seed: int) -> None:
        if tile_px is None or count is None:
            raise UserError(
                "generator.masks=procedural: found no tile_px or no count, expected both: tile_px=200 count=1000"
            )
        self.shape, self.height, self.width, self.count, self.seed = shape, tile_px, tile_px, count, seed

    def __len__(self) -> int:
        return self.count

    def fingerprint(self) -> str:
        """See `MaskSource.fingerprint`."""
        return f"{PROCEDURAL} {json.dumps(dict(vars(self.shape)), default=list)}"

    def draw(self, number: int, generator: np.random.Generator) -> DrawnMask:
        """See `MaskSource.draw`."""
        return DrawnMask(self.shape.mask(self.height, self.width, [self.seed, number]), PROCEDURAL)


def _shown(values: Sequence[object] | None) -> str:
    return "all" if values is None else f"[{', '.join(map(str, values))}]"

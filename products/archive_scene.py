"""Scenes that are arrays in `.npz` archives: `img` (H, W, C), perhaps with a mask `msk` beside it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from errors import UserError
from products.band_names import names_by_position, positions
from products.grid import Grid
from products.harmonised_numbers import harmonised
from products.npz_member import npz_member
from products.scene import Scene
from products.scene_names import key_of_path, stem_of
from products.sensor import Sensor
from products.window import Window

IMAGE = "img"


class ArchiveScene(Scene):
    """An array as a scene, without georeference.

    Args:
        path: the archive.
        sensor: whose bands are known; None: no sensor's.
        bands: which to read, in order; None: all.
        band_order: names of the array's bands; None: `band_1`, `band_2`, ...
        scale, offset: harmonised = scale x number in the file + offset.
        nodata: number that means no data: in any band of an array of whole numbers, in all bands of one of floats.

    Attributes:
        rescaled: whether the numbers are other than in the file.

    Raises:
        UserError: no array `img` of three dimensions, or a band is missing.
    """

    def __init__(
        self,
        path: Path,
        *,
        sensor: Sensor | None = None,
        bands: Sequence[str] | None = None,
        band_order: Sequence[str] | None = None,
        scale: float = 1.0,
        offset: float = 0.0,
        nodata: float | None = 0,
    ) -> None:
        self.member = npz_member(path, IMAGE)
        if len(self.member.shape) != 3 or 0 in self.member.shape:
            raise UserError(
                f"{path}: found {IMAGE} of shape {self.member.shape}, expected rows, columns, bands"
            )
        height, width, count = self.member.shape
        found = names_by_position([None] * count, sensor, band_order, str(path))
        wanted = found if bands is None else tuple(bands)
        self._positions = positions(wanted, found, str(path))
        self.scale, self.offset, self.nodata = float(scale), float(offset), nodata
        self.rescaled = (self.scale, self.offset) != (1, 0)
        super().__init__(path, stem_of(path), Grid(height, width), wanted, key=key_of_path(path))

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Scene.read`."""
        if window.clip(*self.grid.shape) != window:
            raise ValueError(f"the window {window} reaches out of {self.name}, {self.grid.shape}")
        array = self.member.array()
        part = array[window.row : window.bottom, window.column : window.right]
        stored = np.moveaxis(part[..., self._positions], -1, 0)
        return harmonised(stored, self.scale, self.offset, self.nodata)

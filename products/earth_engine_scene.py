"""Sentinel-2 scenes as Earth Engine exports them: one GeoTIFF with 13 bands, perhaps QA60, and a border of one pixel."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from products.raster_facts import RasterFacts, read_facts
from products.raster_scene import HARMONISED_TAG, RasterScene
from products.sensor import Sensor
from products.sentinel2_metadata import band_name
from products.thraws import SYNTHETIC_TAG
from products.window import Window

BANDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
QUALITY = "QA60"
Recognition = Literal["auto", "always", "never"]


class EarthEngineScene(RasterScene):
    """An export as a scene on its own grid.

    It holds the tile with one more row above and column to the left, and of whole tiles some more below and to the right;
    that border has no data. Bands without names are in the order of `BANDS`, then QA60, which is left out.

    Args:
        path: the file.
        border: whether there is one.
        tile_m: side of a tile.
        resolution_m: side of a pixel, where the file has no georeference.
        sensor, bands, scale, offset, nodata, left_out, facts: see `RasterScene`.

    Attributes:
        inner: the pixels that are no border.

    Raises:
        UserError: see `RasterScene`.
    """

    def __init__(
        self,
        path: Path,
        *,
        sensor: Sensor | None = None,
        bands: Sequence[str] | None = None,
        scale: float = 1.0,
        offset: float = 0.0,
        nodata: float | None = 0,
        left_out: Collection[str] = (),
        border: bool = True,
        tile_m: float = 109_800,
        resolution_m: float = 10,
        facts: RasterFacts | None = None,
    ) -> None:
        facts = read_facts(path) if facts is None else facts
        order = BANDS if len(facts.described) == len(BANDS) else (*BANDS, QUALITY)
        super().__init__(
            path, sensor=sensor, bands=bands, band_order=order, scale=scale, offset=offset, nodata=nodata,
            left_out={*left_out, QUALITY}, facts=facts,
        )  # fmt: skip
        side = _tile_side(self.grid.transform, bool(self.grid.crs), tile_m, resolution_m)
        self.inner = Window(1, 1, side, side).clip(*self.grid.shape) if border else self.window

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Scene.read`."""
        pixels, valid = super().read(window)
        common = Window(
            self.inner.row - window.row,
            self.inner.column - window.column,
            self.inner.height,
            self.inner.width,
        ).clip(window.height, window.width)
        border = np.ones(valid.shape, bool)
        border[common.row : common.bottom, common.column : common.right] = False
        if border.any():
            pixels[:, border] = 0
            valid &= ~border
        return pixels, valid


def border_of_export(
    facts: RasterFacts, recognition: Recognition, *, tile_m: float, resolution_m: float, by_names: bool
) -> bool | None:
    """None where a raster is no such export, else whether it has a border that must be known.

    Exports have 13 or 14 bands that are called so or, unless `by_names`, have no names. Those that were written by this
    project are none. In smaller ones without QA60 the border, if there is one, is 0 and known by that.
    """
    if recognition == "never":
        return None
    names = tuple(band_name(name) for name in facts.described)
    whole = (*BANDS, QUALITY)
    named = any(names)
    if len(names) not in (len(BANDS), len(whole)) or (named and names != whole[: len(names)]):
        return None
    if recognition == "always":
        return True
    ours = HARMONISED_TAG in facts.tags or SYNTHETIC_TAG in facts.tags
    if ours or (by_names and not named):
        return None
    info = facts.info
    side = _tile_side(info.transform, bool(info.crs), tile_m, resolution_m)
    return len(names) == len(whole) or min(info.height, info.width) > side


def _tile_side(
    transform: tuple[float, ...] | None, georeferenced: bool, tile_m: float, resolution_m: float
) -> int:
    """Pixels of a tile's side."""
    pixel = abs(transform[0]) if transform is not None and georeferenced else resolution_m
    # Degrees instead of metres: no export of a tile.
    return round(tile_m / pixel) if pixel >= 1 else round(tile_m / resolution_m)

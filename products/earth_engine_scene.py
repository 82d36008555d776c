"""Sentinel-2 scenes as Earth Engine exports them: one GeoTIFF with 13 bands, perhaps QA60, and a border of one pixel."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from products.raster import open_dataset, read_info
from products.raster_header import UnreadableImage
from products.raster_scene import HARMONISED_TAG, RasterScene
from products.sensor import Sensor
from products.sentinel2_metadata import band_name
from products.thraws import SYNTHETIC_TAG
from products.window import Window

BANDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
QUALITY = "QA60"
Recognition = Literal["auto", "always", "never"]


class EarthEngineScene(RasterScene):
    """An export of a whole tile, or of a part with QA60, as a scene on its own grid.

    The export's grid holds the tile's with one more row above and column to the left, and of whole tiles with some below
    and to the right; that border has no data.

    Args:
        path: the file.
        tile_m: side of a tile.
        options: see `RasterScene`.

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
        tile_m: float = 109_800,
        resolution_m: float = 10,
    ) -> None:
        count = len(read_info(path).indexes)
        order = BANDS if count == len(BANDS) else (*BANDS, QUALITY)
        super().__init__(
            path, sensor=sensor, bands=bands, band_order=order, scale=scale, offset=offset, nodata=nodata,
            left_out={*left_out, QUALITY},
        )  # fmt: skip
        side = _tile_side(self.grid.transform, bool(self.grid.crs), tile_m, resolution_m)
        height, width = self.grid.shape
        self.inner = Window(1, 1, min(side, height - 1), min(side, width - 1))

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


def is_earth_engine(path: Path, recognition: Recognition, tile_m: float, resolution_m: float) -> bool:
    """Whether a raster is such an export.

    `auto` takes files with 14 bands, the last of them QA60 or without names, and files with 13 bands that are larger than a tile; in a
    smaller one with 13 bands the border, if it has one, is 0 and known by that.
    """
    if recognition == "never":
        return False
    try:
        info = read_info(path)
    except UnreadableImage:
        return False
    with open_dataset(str(path)) as dataset:
        described = [dataset.descriptions[number - 1] or "" for number in info.indexes if not info.palette]
        ours = bool({HARMONISED_TAG, SYNTHETIC_TAG} & set(dataset.tags()))
    names = tuple(band_name(name) for name in described)
    whole = (*BANDS, QUALITY)
    if len(names) not in (len(BANDS), len(whole)) or (any(names) and names != whole[: len(names)]):
        return False
    side = _tile_side(info.transform, bool(info.crs), tile_m, resolution_m)
    large = min(info.height, info.width) > side
    return recognition == "always" or (not ours and (len(names) == len(whole) or large))


def _tile_side(
    transform: tuple[float, ...] | None, georeferenced: bool, tile_m: float, resolution_m: float
) -> int:
    """Pixels of a tile's side."""
    pixel = abs(transform[0]) if transform is not None and georeferenced else resolution_m
    # Degrees instead of metres: no export of a tile.
    return round(tile_m / pixel) if pixel >= 1 else round(tile_m / resolution_m)

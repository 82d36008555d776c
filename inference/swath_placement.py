"""Where the pixels of a swath lie, in the output: carried along as positions, or resampled to a stated map grid."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from inference.raster_output import ARCHIVE
from products import swath_output
from products.product import Product
from products.window import Window

LOG = logging.getLogger(__name__)

_STRIP_ROWS = 256  # of positions, read at a time


class SwathPlacement:
    """What to do about the georeference of a window of a product. Products on a map need nothing.

    Args:
        product: an open product.
        window: of its finest grid.
        driver: of the output.
        grid: `crs`, `resolution_m` and `method` (nearest or bilinear) of the map grid to resample to; without crs and
            resolution the pixels stay as they are, and get their positions.

    Raises:
        UserError: an impossible grid, or a driver that cannot carry positions.
    """

    def __init__(
        self, product: Product, window: Window, driver: str, *, grid: Mapping[str, Any] | None = None
    ) -> None:
        self.product, self.window, self.driver = product, window, driver
        self.on_map = product.grids[product.finest_m].transform is not None
        choice = {key: value for key, value in (grid or {}).items() if value is not None}
        self.grid = choice if set(choice) - {"method"} else None
        corner = Window(window.row, window.column, 1, 1)
        self.positions = not self.on_map and product.geolocation(product.finest_m, corner) is not None
        if self.grid is not None:
            swath_output.map_grid(self.grid)
            if self.on_map:
                raise UserError(f"swath.grid: {product.path} lies on a map already; expected none")
            if not self.positions:
                raise UserError(
                    f"swath.grid: {product.path} has no positions to resample from; expected a product with geolocation"
                )
        elif not self.on_map and not self.positions:
            LOG.warning(
                "%s has neither a map projection nor positions, so neither has what is made of it",
                product.path,
            )
        elif self.positions and driver not in ("GTiff", ARCHIVE):
            raise UserError(
                f"driver={driver}: found a format that carries no positions of a swath; expected GTiff, npz, "
                "or swath.grid.crs and swath.grid.resolution_m"
            )

    def place(self, raster: Path, folder: Path, name: str) -> Path:
        """Give a GeoTIFF of the window what it lacks.

        Args:
            raster: the GeoTIFF.
            folder: for further files.
            name: of the output; the file of positions is named after it.

        Returns:
            The GeoTIFF to go on with.
        """
        metres = self.product.finest_m
        if self.grid is not None:
            resampled = folder / "resampled.tif"
            swath_output.resample(raster, self.product, self.window, metres, self.grid, resampled)
            raster.unlink()
            return resampled
        if self.positions and self.driver == "GTiff":
            swath_output.geolocated(raster, self.product, self.window, metres, name=folder / name)
        return raster

    def arrays(self) -> dict[str, np.ndarray]:
        """Longitude and latitude (H, W) float32 in degrees, for formats that hold arrays; empty on a map."""
        if not self.positions or self.grid is not None:
            return {}
        found = {axis: np.empty(self.window[2:], np.float32) for axis in ("longitude", "latitude")}
        for top in range(0, self.window.height, _STRIP_ROWS):
            rows = min(_STRIP_ROWS, self.window.height - top)
            strip = Window(self.window.row + top, self.window.column, rows, self.window.width)
            place = self.product.geolocation(self.product.finest_m, strip)
            assert place is not None
            for axis, array in found.items():
                array[top : top + rows] = getattr(place, axis)
        return found

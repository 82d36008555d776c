"""A map grid that holds a swath."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine

from errors import UserError
from products.swath_pixels import DEGREE_M, SwathPixels
from products.window import Window

MOST_CELLS = 32  # of the grid for each pixel of the swath: beyond, the grid is a mistake


@dataclass(frozen=True)
class MapGrid:
    """A north-up grid of square cells whose edges are multiples of their side.

    Attributes:
        crs: reference system.
        side: of a cell, in the map's units.
        height, width: in cells.
        left, top: the corner, in the map's units.
    """

    BLOCK: ClassVar[int] = 512  # cells that are resampled at a time, along each side

    crs: CRS
    side: float
    height: int
    width: int
    left: float
    top: float

    @property
    def transform(self) -> Affine:
        """Of (column, row) to map coordinates."""
        return Affine(self.side, 0.0, self.left, 0.0, -self.side, self.top)

    @property
    def smallest_unit_m(self) -> float:
        """Metres of the map's unit where it is shortest: a degree of longitude shrinks towards the poles."""
        if not self.crs.is_geographic:
            return float(self.crs.linear_units_factor[1])
        highest = max(abs(self.top), abs(self.top - self.height * self.side))
        return DEGREE_M * max(0.02, math.cos(math.radians(min(90.0, highest))))

    @classmethod
    def around(cls, pixels: SwathPixels, crs: CRS, resolution_m: float) -> "MapGrid":
        """The smallest grid that holds the centres of all pixels.

        Args:
            pixels: of the swath.
            crs: of the grid; where its unit is the degree, `resolution_m` are metres along a meridian.
            resolution_m: side of a cell.

        Raises:
            UserError: the pixels are too far apart on this map, as across the date line.
        """
        side = resolution_m / (DEGREE_M if crs.is_geographic else crs.linear_units_factor[1])
        assert pixels.origin is not None
        low_x, high_x = _extent([strip.x for strip in pixels.strips], pixels.origin[0])
        low_y, high_y = _extent([strip.y for strip in pixels.strips], pixels.origin[1])
        if crs.is_geographic and high_x - low_x > 180:
            raise UserError(
                f"swath.grid.crs: found {crs.to_string()}, in which {pixels.product.path} crosses the edge at 180 "
                "degrees, expected a projection around it"
            )
        first_column, first_row = np.floor(low_x / side), np.ceil(high_y / side)
        width = int(np.floor(high_x / side - first_column)) + 1
        height = int(np.floor(first_row - low_y / side)) + 1
        if height * width > MOST_CELLS * pixels.window.height * pixels.window.width:
            raise UserError(
                f"swath.grid: found {crs.to_string()} with {resolution_m:g} m, which makes {height} x {width} cells of "
                f"{pixels.window.height} x {pixels.window.width} pixels; expected at most {MOST_CELLS} for each"
            )
        return cls(crs, side, height, width, float(first_column * side), float(first_row * side))

    def blocks(self) -> Iterator[Window]:
        """Row by row."""
        for row in range(0, self.height, self.BLOCK):
            for column in range(0, self.width, self.BLOCK):
                yield Window(row, column, self.BLOCK, self.BLOCK).clip(self.height, self.width)


def _extent(arrays: list[np.ndarray], origin: float) -> tuple[float, float]:
    low = min(float(np.nanmin(array)) for array in arrays)
    return low + origin, max(float(np.nanmax(array)) for array in arrays) + origin

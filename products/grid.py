"""Pixel grids of a product, and how a coarse one lies on a fine one."""

import math
from dataclasses import dataclass

from rasterio.transform import Affine

from errors import UserError

_TOLERANCE = 1e-3  # of a fine pixel: rounding in the files' own coordinates


@dataclass(frozen=True)
class GridRelation:
    """How a coarse grid lies on a fine one.

    Row `j` of the coarse grid covers the rows `[factor * j + row_offset, factor * (j + 1) + row_offset)` of the fine
    one, columns alike. Offsets are 0 for nested grids (Sentinel-2) and half a pixel for Landsat's panchromatic band.

    Attributes:
        factor: fine pixels per coarse pixel and side.
        row_offset, column_offset: in fine pixels.
    """

    factor: int
    row_offset: float = 0.0
    column_offset: float = 0.0


@dataclass(frozen=True)
class Grid:
    """A pixel grid.

    Attributes:
        height, width: in pixels.
        crs: coordinate reference system as WKT, "" where there is none (swaths, files without georeference).
        transform: six coefficients of the affine map (column, row) -> map coordinates, row by row (`Affine`'s
            first six); None where there is none.
    """

    height: int
    width: int
    crs: str = ""
    transform: tuple[float, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.height, self.width

    def relation(self, coarse: "Grid", factor: int, name: str = "the product") -> GridRelation:
        """How `coarse` lies on this grid; without georeference both begin at the same corner.

        Args:
            coarse: the coarser grid.
            factor: the nominal ratio of the pixel sides.
            name: for messages.

        Raises:
            UserError: the grids differ in reference system or orientation, or their ratio is not `factor`.
        """
        if self.transform is None or coarse.transform is None:
            return GridRelation(factor)
        fine, other = Affine(*self.transform), Affine(*coarse.transform)
        if self.crs != coarse.crs:
            raise UserError(f"{name}: its grids have different coordinate reference systems; expected one")
        ratio = ~fine @ other  # coarse (column, row) -> fine (column, row)
        # A scene of 10 000 pixels must not drift by more than a tolerance.
        steps = abs(ratio.a - factor), abs(ratio.e - factor), abs(ratio.b), abs(ratio.d)
        if max(steps) * max(coarse.shape) > max(0.5, _TOLERANCE * factor):
            raise UserError(
                f"{name}: its grids have pixels of {abs(fine.a):g} and {abs(other.a):g} m side by side in one orientation; "
                f"expected a ratio of {factor}"
            )
        offsets = (_snapped(ratio.f), _snapped(ratio.c))
        if max(map(abs, offsets)) >= factor:
            raise UserError(
                f"{name}: its grids begin {offsets[0]:g} rows and {offsets[1]:g} columns apart; "
                f"expected less than a coarse pixel ({factor})"
            )
        return GridRelation(factor, *offsets)


def _snapped(offset: float) -> float:
    """An offset without the rounding of coordinates."""
    nearest = round(offset * 4) / 4
    return nearest if math.isclose(offset, nearest, abs_tol=_TOLERANCE * 10) else offset

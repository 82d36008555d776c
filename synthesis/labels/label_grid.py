"""The grid of a mask that is made of an ExoLabs file."""

from rasterio.crs import CRS
from rasterio.transform import Affine

from errors import UserError
from products.grid import Grid

_TOLERANCE = 1e-6


def label_grid(grid: Grid, resolution_m: float | None, tile_m: float, border_px: int, label: str) -> Grid:
    """The tile inside a file, with pixels of `resolution_m`.

    Args:
        grid: of the file.
        resolution_m: side of the mask's pixels; None: the file's.
        tile_m: side of a tile; what is larger along both sides is an Earth Engine export of one, whose first rows and
            columns and whatever is too many at its ends are left out.
        border_px: rows and columns before the tile in such an export.
        label: how messages call the file.

    Raises:
        UserError: a resolution is asked for, and the file has no georeference in metres.
    """
    height, width = grid.shape
    metres = _metres(grid)
    if metres is None:
        if resolution_m is not None:
            raise UserError(
                f"{label}: found no grid in metres, expected one for generator.resolution_m={resolution_m:g}; "
                "generator.resolution_m=null keeps its pixels"
            )
        return grid
    assert grid.transform is not None
    place = Affine(*grid.transform)
    side = round(tile_m / metres)
    if height > side + border_px - 1 and width > side + border_px - 1 and (height, width) != (side, side):
        place, height, width = place @ Affine.translation(border_px, border_px), side, side
    if resolution_m is not None and abs(resolution_m / metres - 1) > _TOLERANCE:
        ratio = resolution_m / metres
        height, width = max(int(height / ratio + _TOLERANCE), 1), max(int(width / ratio + _TOLERANCE), 1)
        place = place @ Affine.scale(ratio)
    return Grid(height, width, grid.crs, tuple(place)[:6])


def _metres(grid: Grid) -> float | None:
    """Side of the pixels in metres; None where there is no square grid in metres."""
    if not grid.crs or grid.transform is None:
        return None
    crs = CRS.from_wkt(grid.crs)
    place = Affine(*grid.transform)
    if crs.is_geographic or abs(abs(place.e) / abs(place.a) - 1) > _TOLERANCE:
        return None
    return float(abs(place.a) * crs.linear_units_factor[1])

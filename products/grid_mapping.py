"""Where the pixels of one georeferenced grid lie on another, whatever their reference systems."""

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.transform import Affine
from rasterio.warp import transform as transform_points

from errors import UserError
from products.grid import Grid
from products.window import Window

_STEP = 32  # pixels between the points whose coordinates are computed; between them they are interpolated
_EDGE_POINTS = 33  # of each edge of a grid: straight lines on one map are bent on another
_TOLERANCE = 0.05  # of a pixel, anywhere on the grid: rounding of coordinates


def georeferenced(*grids: Grid) -> bool:
    """Whether all grids have a reference system and a place in it."""
    return all(grid.crs and grid.transform is not None for grid in grids)


def same_place(one: Grid, other: Grid) -> bool:
    """Whether both have the same pixels: by their size alone where one has no georeference."""
    if one.shape != other.shape:
        return False
    if one.transform is None or other.transform is None:
        return True
    if one.crs and other.crs and one.crs != other.crs and CRS.from_wkt(one.crs) != CRS.from_wkt(other.crs):
        return False
    corners = np.array([0.0, one.width, 0.0, one.width]), np.array([0.0, 0.0, one.height, one.height])
    there = ~Affine(*other.transform) @ (Affine(*one.transform) @ corners)
    return bool(max(np.abs(np.subtract(there, corners)).max(), 0) < _TOLERANCE)


def coordinates_on(
    other: Grid, grid: Grid, rows: np.ndarray, columns: np.ndarray, source: str
) -> tuple[np.ndarray, np.ndarray]:
    """Points of a grid on another one, in fractions of pixels whose edges are whole numbers, float64.

    Args:
        other: the grid on which they are looked for.
        grid: the grid on which they are given.
        rows, columns: arrays of one shape.
        source: of the grids, for messages.

    Raises:
        UserError: a reference system cannot be read, or there is no way between both.
    """
    assert grid.transform is not None
    assert other.transform is not None
    x, y = Affine(*grid.transform) @ (columns.astype(np.float64), rows.astype(np.float64))
    try:
        here, there = CRS.from_wkt(grid.crs), CRS.from_wkt(other.crs)
        if here != there:
            moved = transform_points(here, there, x.ravel(), y.ravel())
            x, y = (np.array(axis).reshape(x.shape) for axis in moved[:2])
    except (CRSError, RasterioError) as error:
        raise UserError(f"{source}: found reference systems with no way between them ({error})") from error
    found_columns, found_rows = ~Affine(*other.transform) @ (x, y)
    return found_rows, found_columns


def centres_on(
    other: Grid, grid: Grid, window: Window, source: str, samples: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the pixels of a window, or of `samples` x `samples` parts of each, on another grid; see `coordinates_on`.

    They are computed at points that hang on the grid and not on the window, so that every window gives the same, and
    interpolated between: 320 m bend by some millimetres in any projection.

    Returns:
        Rows and columns, (h * samples, w * samples) float64.
    """
    first_row, first_column = window.row // _STEP, window.column // _STEP
    rows = np.arange(first_row, -(-window.bottom // _STEP) + 1) * float(_STEP)
    columns = np.arange(first_column, -(-window.right // _STEP) + 1) * float(_STEP)
    row_points, column_points = np.broadcast_arrays(rows[:, None], columns[None])
    points = coordinates_on(other, grid, row_points, column_points, source)
    down, above = _between(window.row, window.height, samples, first_row)
    right, left = _between(window.column, window.width, samples, first_column)
    results = []
    for values in points:
        along = values[above] * (1 - down[:, None]) + values[above + 1] * down[:, None]
        results.append(along[:, left] * (1 - right) + along[:, left + 1] * right)
    return results[0], results[1]


def edges_of(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of points along the edges of a grid."""
    down, along = np.linspace(0, grid.height, _EDGE_POINTS), np.linspace(0, grid.width, _EDGE_POINTS)
    rows = np.concatenate([np.zeros_like(along), np.full_like(along, grid.height), down, down])
    columns = np.concatenate([along, along, np.zeros_like(down), np.full_like(down, grid.width)])
    return rows, columns


def described(grid: Grid) -> str:
    """Size, place and reference system in words."""
    size = f"{grid.height} x {grid.width} pixels"
    if grid.transform is None:
        return f"{size} without georeference"
    x, y = Affine(*grid.transform) @ (np.array([0, grid.width]), np.array([0, grid.height]))
    code = CRS.from_wkt(grid.crs).to_epsg() if grid.crs else None
    system = f"EPSG:{code}" if code else "another reference system" if grid.crs else "no reference system"
    return f"{size} from x {x.min():.10g} to {x.max():.10g}, y {y.min():.10g} to {y.max():.10g} in {system}"


def _between(begin: int, length: int, samples: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the centres along an axis: how far behind a point, 0 to 1, and the point's number from `first` on."""
    centres = begin + (np.arange(length * samples) + 0.5) / samples
    cells = np.floor(centres / _STEP).astype(np.intp)
    return centres / _STEP - cells, cells - first

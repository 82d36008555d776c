"""Rectangles of one scene's grid on another's, and what is left of a rectangle without others."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.transform import Affine
from rasterio.warp import transform_bounds

from products.grid import Grid
from products.window import Window

Box = tuple[float, float, float, float]  # west, south, east, north, degrees

_EDGE_POINTS = 21  # of an edge that is taken to another reference system: edges become curves there
_SLACK = 1e-6  # of a pixel: rounding of coordinates, not ground


def footprint(grid: Grid) -> Box | None:
    """The ground that a grid covers, in degrees; None where nobody knows."""
    if grid.transform is None or not _is_on_earth(grid.crs):
        return None
    try:
        west, south, east, north = transform_bounds(
            grid.crs, "EPSG:4326", *_bounds(grid, Window(0, 0, *grid.shape)), densify_pts=_EDGE_POINTS
        )
    except (CRSError, RasterioError):  # a local reference system, or none that is known
        return None
    return west, south, east, north


def footprints(grids: Sequence[Grid]) -> np.ndarray:
    """(N, 4) float64: the footprint of each grid, NaN where nobody knows."""
    nowhere = (np.nan,) * 4
    return np.array([footprint(grid) or nowhere for grid in grids], np.float64).reshape(-1, 4)


def shared(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """How much of the smaller of two footprints lies in both, 0 to 1; 0 where one is unknown.

    Args:
        box: (4,).
        boxes: (N, 4).

    Returns:
        (N,) float64.
    """
    width = np.minimum(box[2], boxes[:, 2]) - np.maximum(box[0], boxes[:, 0])
    height = np.minimum(box[3], boxes[:, 3]) - np.maximum(box[1], boxes[:, 1])
    area = np.clip(width, 0, None) * np.clip(height, 0, None)
    sizes = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    smaller = np.minimum(sizes, (box[2] - box[0]) * (box[3] - box[1]))
    known = np.isfinite(smaller) & (smaller > 0)
    return np.where(known, area, 0.0) / np.where(known, smaller, 1.0)


def projected(window: Window, source: Grid, target: Grid) -> Window | None:
    """The smallest rectangle of `target` that holds the ground of a window of `source`.

    It may reach beyond `target`. None: the two have no ground in common that anybody knows of.
    """
    if source.transform is None or target.transform is None:
        return None
    bounds = _bounds(source, window)
    if source.crs != target.crs:
        if not (_is_on_earth(source.crs) and _is_on_earth(target.crs)):
            return None
        try:
            bounds = transform_bounds(source.crs, target.crs, *bounds, densify_pts=_EDGE_POINTS)
        except (CRSError, RasterioError):
            return None
    west, south, east, north = bounds
    to_pixels = ~Affine(*target.transform)
    corners = [to_pixels @ (x, y) for x in (west, east) for y in (south, north)]
    columns, rows = [corner[0] for corner in corners], [corner[1] for corner in corners]
    top, left = _floor(min(rows)), _floor(min(columns))
    found = Window(top, left, -_floor(-max(rows)) - top, -_floor(-max(columns)) - left)
    inside = found.clip(*target.shape)
    return found if inside.height and inside.width else None


def without(areas: Iterable[Window], removed: Sequence[Window]) -> tuple[Window, ...]:
    """What is left of disjoint rectangles without others, as disjoint rectangles."""
    left = list(areas)
    for hole in removed:
        left = [piece for area in left for piece in _cut(area, hole)]
    return tuple(left)


def touches(one: Window, other: Window) -> bool:
    """Whether two rectangles have a pixel in common."""
    return (
        one.row < other.bottom
        and other.row < one.bottom
        and one.column < other.right
        and other.column < one.right
    )


def within(inner: Window, outer: Window) -> bool:
    """Whether a rectangle lies in another."""
    return (
        outer.row <= inner.row
        and outer.column <= inner.column
        and inner.bottom <= outer.bottom
        and inner.right <= outer.right
    )


def _cut(area: Window, hole: Window) -> list[Window]:
    if not touches(area, hole):
        return [area]
    top, bottom = max(area.row, hole.row), min(area.bottom, hole.bottom)
    left, right = max(area.column, hole.column), min(area.right, hole.right)
    pieces = [
        Window(area.row, area.column, top - area.row, area.width),
        Window(bottom, area.column, area.bottom - bottom, area.width),
        Window(top, area.column, bottom - top, left - area.column),
        Window(top, right, bottom - top, area.right - right),
    ]
    return [piece for piece in pieces if piece.height and piece.width]


@lru_cache(maxsize=256)
def _is_on_earth(crs: str) -> bool:
    """Whether a reference system says where on Earth something lies."""
    if not crs:
        return False
    try:
        parsed = CRS.from_wkt(crs)
    except CRSError:
        return False
    return bool(parsed.is_geographic or parsed.is_projected)


def _bounds(grid: Grid, window: Window) -> Box:
    assert grid.transform is not None
    a, b, c, d, e, f = grid.transform
    corners = [
        (a * x + b * y + c, d * x + e * y + f)
        for x in (window.column, window.right)
        for y in (window.row, window.bottom)
    ]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _floor(value: float) -> int:
    return int((value + _SLACK) // 1)

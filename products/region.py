"""Which part of a product is worked on: a rectangle of pixels or of degrees, on the product's finest grid."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import Affine
from rasterio.warp import transform

from errors import UserError
from products.grid import Grid, GridRelation
from products.product import Product
from products.window import Window

LONLAT = CRS.from_epsg(4326)
EDGE_POINTS = 33  # of each edge of a box, as meridians and parallels are no straight lines on a map
GEOLOCATION_ROWS = 256  # of a swath, read at a time
_NOWHERE = Window(0, 0, 0, 0)
TOLERANCE = 1e-3  # of a pixel: what a coordinate loses on its way between two reference systems


def usable(product: Product, ground_sample_distances_m: Iterable[int]) -> Window:
    """The pixels of the finest grid whose centres lie within every named grid (borders included).

    Grids need not be exact multiples of each other, and may begin half a pixel apart.

    Raises:
        UserError: the product lacks one of the grids, or they do not overlap.
    """
    finest = product.grids[product.finest_m]
    low, high = [0, 0], list(finest.shape)
    for distance, relation in _relations(product, ground_sample_distances_m):
        shape = product.grids[distance].shape
        for axis, offset in enumerate((relation.row_offset, relation.column_offset)):
            # Centres are at pixel + 0.5.
            first = math.ceil(offset - 0.5 - TOLERANCE)
            last = math.floor(offset + relation.factor * shape[axis] - 0.5 + TOLERANCE)
            low[axis], high[axis] = max(low[axis], first), min(high[axis], last + 1)
    if low[0] >= high[0] or low[1] >= high[1]:
        raise UserError(f"{product.path}: its grids have no pixel in common; expected grids of one scene")
    return Window(low[0], low[1], high[0] - low[0], high[1] - low[1])


def finest_window(
    product: Product,
    ground_sample_distances_m: Iterable[int],
    *,
    pixels: Sequence[int] | None = None,
    lonlat: Sequence[float] | None = None,
    minimum_side_m: float = 192,
) -> Window:
    """The window of a region on the finest grid, grown outwards to whole pixels of the coarsest named grid.

    The region is cut to the usable part before and after it grows. A fine pixel belongs to the coarse one that holds
    its centre. Without `pixels` and `lonlat` it is all that is usable.

    Args:
        product: an open product.
        ground_sample_distances_m: of the grids that will be read.
        pixels: [x1, y1, x2, y2], two opposite corner pixels of the finest grid, both included, in any order.
        lonlat: [lon1, lat1, lon2, lat2], two opposite corners in degrees (WGS 84), in any order, longitude always
            first. Corners more than 180 degrees of longitude apart span the antimeridian.
        minimum_side_m: smallest side of the region after it was cut to the usable part.

    Raises:
        UserError: both given, not four numbers, outside of the product, or a side below `minimum_side_m`.
    """
    distances = tuple(ground_sample_distances_m)
    whole = usable(product, distances)
    if pixels is not None and lonlat is not None:
        raise UserError("region: found pixels and lonlat; expected one of the two")
    if pixels is None and lonlat is None:
        return whole
    if pixels is not None:
        asked = _pixel_box(pixels)
        key, found = "region.pixels", str(list(pixels))
    else:
        assert lonlat is not None
        key, found = "region.lonlat", str(list(lonlat))
        box = _numbers(key, lonlat, "[lon1, lat1, lon2, lat2] in degrees")
        if max(abs(box[0]), abs(box[2])) > 360 or max(abs(box[1]), abs(box[3])) > 90:
            raise UserError(
                f"{key}: found {found}; expected [lon1, lat1, lon2, lat2] in degrees, longitude first"
            )
        asked = _lonlat_box(product, box)
    inner = _intersection(asked, whole)
    if inner is None:
        raise UserError(
            f"{key}: {found} lies outside of {product.path}; expected a part of {_extent(product, key, whole)}"
        )
    side = min(inner.height, inner.width) * product.finest_m
    if side < minimum_side_m:
        raise UserError(
            f"{key}: {found} has a side of {side:g} m inside of {product.path}; expected at least {minimum_side_m:g} m"
        )
    coarser = _relations(product, distances)
    relation = max(coarser, key=lambda pair: pair[0])[1] if coarser else GridRelation(1)
    grown = _intersection(_snapped(inner, relation), whole)
    assert grown is not None
    return grown


def lonlat_bounds(product: Product) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the product in degrees; None without georeference.

    East exceeds 180 where the product spans the antimeridian.
    """
    grid = product.grids[product.finest_m]
    if grid.transform is not None and grid.crs:
        rows, columns = _edge_points(0, 0, grid.height, grid.width)
        x, y = Affine(*grid.transform) @ (columns, rows)
        longitude, latitude = map(np.asarray, transform(_crs(grid, product), LONLAT, x, y))
        return _bounds(longitude, latitude)
    parts = []
    for window in _strips(grid):
        place = product.geolocation(product.finest_m, window)
        if place is None:
            return None
        parts.append((place.longitude[::8, ::8].ravel(), place.latitude[::8, ::8].ravel()))
    return _bounds(*(np.concatenate(axis) for axis in zip(*parts, strict=True)))


def _relations(product: Product, distances: Iterable[int]) -> list[tuple[int, GridRelation]]:
    pairs = []
    for distance in distances:
        if distance not in product.grids:
            known = ", ".join(f"{known} m" for known in product.grids)
            raise UserError(
                f"{product.path}: has no bands of {distance} m; expected one of its grids, {known}"
            )
        if distance != product.finest_m:
            pairs.append((distance, product.relation(distance)))
    return pairs


def _numbers(key: str, values: Sequence[float], expected: str) -> list[float]:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise UserError(f"{key}: found {values}; expected {expected}") from error
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise UserError(f"{key}: found {list(values)}; expected {expected}")
    return numbers


def _pixel_box(pixels: Sequence[int]) -> Window:
    expected = "[x1, y1, x2, y2], whole pixels of the finest grid"
    numbers = _numbers("region.pixels", pixels, expected)
    if any(number != int(number) for number in numbers):
        raise UserError(f"region.pixels: found {list(pixels)}; expected {expected}")
    x1, y1, x2, y2 = map(int, numbers)
    left, top = min(x1, x2), min(y1, y2)
    return Window(top, left, max(y1, y2) + 1 - top, max(x1, x2) + 1 - left)


def _lonlat_box(product: Product, box: Sequence[float]) -> Window:
    """The pixels of the finest grid that a box touches; height and width 0 outside of the product."""
    first, last = sorted((box[0], box[2]))
    if 180 < last - first < 360:
        first, last = last, first + 360
    low, high = sorted((box[1], box[3]))
    grid = product.grids[product.finest_m]
    if grid.transform is None or not grid.crs:
        return _swath_box(product, first, last, low, high)
    bounds = lonlat_bounds(product)
    if bounds is None:
        return _NOWHERE
    west, south, east, north = bounds
    # The turn of longitudes that lies nearest to the product's.
    turn = 360 * round(((west + east) - (first + last)) / 720)
    left, right = max(first + turn, west), min(last + turn, east)
    low, high = max(low, south), min(high, north)
    if left > right or low > high:
        return _NOWHERE
    latitude, longitude = _edge_points(low, left, high, right)
    wrapped = (longitude + 180) % 360 - 180
    x, y = map(np.asarray, transform(LONLAT, _crs(grid, product), wrapped, latitude))
    columns, rows = ~Affine(*grid.transform) @ (x, y)
    top, left_pixel = math.floor(rows.min() + TOLERANCE), math.floor(columns.min() + TOLERANCE)
    bottom, right_pixel = math.ceil(rows.max() - TOLERANCE), math.ceil(columns.max() - TOLERANCE)
    # A box without width is one pixel, so that the sentence tells of its side.
    return Window(top, left_pixel, max(bottom - top, 1), max(right_pixel - left_pixel, 1))


def _swath_box(product: Product, west: float, east: float, south: float, north: float) -> Window:
    top, left, bottom, right = math.inf, math.inf, -math.inf, -math.inf
    for window in _strips(product.grids[product.finest_m]):
        place = product.geolocation(product.finest_m, window)
        if place is None:
            raise UserError(f"region.lonlat: {product.path} has no georeference; expected region.pixels")
        longitude = (place.longitude - west) % 360  # from the western edge on; NaN compares False
        inside = (longitude <= east - west) & (place.latitude >= south) & (place.latitude <= north)
        rows, columns = np.nonzero(inside.any(axis=1))[0], np.nonzero(inside.any(axis=0))[0]
        if rows.size:
            top, bottom = min(top, window.row + rows[0]), max(bottom, window.row + rows[-1] + 1)
            left, right = min(left, columns[0]), max(right, columns[-1] + 1)
    if bottom < top:
        return _NOWHERE
    return Window(int(top), int(left), int(bottom - top), int(right - left))


def _snapped(window: Window, relation: GridRelation) -> Window:
    """All pixels of the coarse cells that hold a pixel of the window."""

    def cell(pixel: int, offset: float) -> int:
        return math.floor((pixel + 0.5 - offset + TOLERANCE) / relation.factor)

    def first(number: int, offset: float) -> int:
        return math.ceil(relation.factor * number + offset - 0.5 - TOLERANCE)

    row, column = relation.row_offset, relation.column_offset
    top, left = first(cell(window.row, row), row), first(cell(window.column, column), column)
    bottom = first(cell(window.bottom - 1, row) + 1, row)
    right = first(cell(window.right - 1, column) + 1, column)
    return Window(top, left, bottom - top, right - left)


def _intersection(one: Window, other: Window) -> Window | None:
    row, column = max(one.row, other.row), max(one.column, other.column)
    height, width = min(one.bottom, other.bottom) - row, min(one.right, other.right) - column
    return Window(row, column, height, width) if height > 0 and width > 0 else None


def _extent(product: Product, key: str, whole: Window) -> str:
    if key == "region.pixels":
        return f"[{whole.column}, {whole.row}, {whole.right - 1}, {whole.bottom - 1}]"
    bounds = lonlat_bounds(product)
    if bounds is None:
        return "the product, whose positions are all unknown"
    return "[" + ", ".join(f"{value:.4f}" for value in bounds) + "] (longitude first)"


def _crs(grid: Grid, product: Product) -> CRS:
    try:
        return CRS.from_wkt(grid.crs)
    except CRSError as error:
        raise UserError(f"{product.path}: its coordinate reference system cannot be read: {error}") from error


def _strips(grid: Grid) -> list[Window]:
    return [
        Window(row, 0, min(GEOLOCATION_ROWS, grid.height - row), grid.width)
        for row in range(0, grid.height, GEOLOCATION_ROWS)
    ]


def _edge_points(low: float, left: float, high: float, right: float) -> tuple[np.ndarray, np.ndarray]:
    """Points along the four edges of a box: first and second coordinates."""
    up, along = np.linspace(low, high, EDGE_POINTS), np.linspace(left, right, EDGE_POINTS)
    first = np.concatenate([np.full_like(up, low), np.full_like(up, high), up, up])
    second = np.concatenate([along, along, np.full_like(along, left), np.full_like(along, right)])
    return first, second


def _bounds(longitude: np.ndarray, latitude: np.ndarray) -> tuple[float, float, float, float] | None:
    known = np.isfinite(longitude) & np.isfinite(latitude)
    if not known.any():
        return None
    longitude, latitude = longitude[known], latitude[known]
    if longitude.max() - longitude.min() > 180:
        longitude = longitude % 360
    return float(longitude.min()), float(latitude.min()), float(longitude.max()), float(latitude.max())

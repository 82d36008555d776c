"""Where a scene lies on the globe, as polygons in longitude and latitude."""

import rasterio.warp
from rasterio.crs import CRS
from rasterio.transform import Affine
from shapely import Polygon, affinity, box

from products.grid import Grid
from products.scene_index import Ring

_DECIMALS = 6  # of degrees: a tenth of a metre


def footprint_of(grid: Grid, listed: str = "") -> tuple[Ring, ...]:
    """Closed rings of (longitude, latitude), one for each part; none where the grid has no georeference.

    Args:
        grid: of the scene, whose corners are taken where nothing is listed.
        listed: latitude, longitude, latitude, ... as the metadata of Sentinel-2 list it.
    """
    ring = _listed(listed) or _corners(grid)
    if not ring:
        return ()
    longitudes = [longitude for longitude, _ in ring]
    if max(longitudes) - min(longitudes) <= 180:
        return (_closed(ring),)
    # It crosses the meridian of 180 degrees, where GeoJSON (RFC 7946, 3.1.9) wants it cut.
    shape = Polygon([(longitude % 360, latitude) for longitude, latitude in ring])
    east = shape.intersection(box(0, -90, 180, 90))
    west = affinity.translate(shape.intersection(box(180, -90, 360, 90)), xoff=-360)
    return tuple(_closed(list(part.exterior.coords)) for part in (east, west) if isinstance(part, Polygon))


def code_of(crs: str) -> str:
    """`EPSG:32633` for a reference system as WKT; "" where it has no code."""
    found = CRS.from_wkt(crs).to_epsg() if crs else None
    return f"EPSG:{found}" if found else ""


def _listed(text: str) -> list[tuple[float, float]]:
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        return []
    return (
        list(zip(numbers[1::2], numbers[::2], strict=True))
        if len(numbers) % 2 == 0 and len(numbers) >= 6
        else []
    )


def _corners(grid: Grid) -> list[tuple[float, float]]:
    if grid.transform is None or not grid.crs:
        return []
    place = Affine(*grid.transform)
    corners = [
        (0, 0),
        (0, grid.height),
        (grid.width, grid.height),
        (grid.width, 0),
    ]  # counter-clockwise on the map
    x, y = zip(*(place @ corner for corner in corners), strict=True)
    longitudes, latitudes = rasterio.warp.transform(CRS.from_wkt(grid.crs), CRS.from_epsg(4326), x, y)[:2]
    return list(zip(longitudes, latitudes, strict=True))


def _closed(ring: list[tuple[float, ...]] | list[tuple[float, float]]) -> Ring:
    points = [(round(float(point[0]), _DECIMALS), round(float(point[1]), _DECIMALS)) for point in ring]
    return tuple(points if points[0] == points[-1] else [*points, points[0]])

"""The grids of a Sentinel-2 product, from its image files, held against each other and the granule's metadata."""

from collections.abc import Mapping

from rasterio.crs import CRS
from rasterio.errors import CRSError

from errors import UserError
from products.grid import Grid
from products.raster_handles import RasterHeader
from products.sensor import Sensor
from products.sentinel2_metadata import TileMetadata

_TOLERANCE_M = 1e-3  # rounding of coordinates


def grids_of(
    sensor: Sensor, headers: Mapping[str, RasterHeader], tile: TileMetadata | None, name: str
) -> dict[int, Grid]:
    """The grid of each of the sensor's groups, by ground sample distance in m.

    Args:
        sensor: its bands.
        headers: of each band's file.
        tile: metadata of the granule; None where there is none, then all files must be georeferenced.
        name: of the product, for messages.

    Raises:
        UserError: files of one group, of different groups, or a file and the metadata do not fit.
    """
    crs = _crs(tile.crs, f"{name}: HORIZONTAL_CS_CODE") if tile else None
    grids: dict[int, Grid] = {}
    for distance in sensor.ground_sample_distances_m:
        for band in sensor.group(distance):
            label = f"{name}: {band.name}"
            grid = _grid(headers[band.name], distance, tile, crs, label)
            first = grids.setdefault(distance, grid)
            if grid != first:
                raise UserError(
                    f"{label}: found {_described(grid)}, expected {_described(first)} as {sensor.group(distance)[0].name} has"
                )
    finest_m, finest = next(iter(grids.items()))
    for distance, grid in grids.items():
        if distance % finest_m:
            continue  # no whole ratio: no network takes them together
        factor = distance // finest_m
        finest.relation(grid, factor, name)
        # Crops of products may end amid a coarse pixel, or be rounded outwards.
        if any(
            abs(coarse * factor - fine) > 2 * factor
            for coarse, fine in zip(grid.shape, finest.shape, strict=True)
        ):
            raise UserError(
                f"{name}: found {grid.height} x {grid.width} pixels of {distance} m "
                f"beside {finest.height} x {finest.width} of {finest_m} m, expected the same area"
            )
    return grids


def _grid(
    header: RasterHeader, distance: int, tile: TileMetadata | None, crs: CRS | None, label: str
) -> Grid:
    shape, transform = (header.height, header.width), header.transform
    stated = tile.shapes.get(distance) if tile else None
    if stated and shape != stated:
        raise UserError(
            f"{label}: found {shape[0]} x {shape[1]} pixels, expected {stated[0]} x {stated[1]} as the granule's metadata says"
        )
    if tile and distance in tile.transforms:
        place = tile.transforms[distance]
        if transform and max(abs(a - b) for a, b in zip(transform, place, strict=True)) > _TOLERANCE_M:
            raise UserError(
                f"{label}: found the corner {_corner(transform)}, expected {_corner(place)} as the granule's metadata says"
            )
        transform = transform or place
    if transform is None:
        raise UserError(
            f"{label}: found no georeference, expected one in the file or in the granule's metadata"
        )
    if max(abs(abs(transform[0]) - distance), abs(abs(transform[4]) - distance)) > _TOLERANCE_M:
        raise UserError(
            f"{label}: found pixels of {abs(transform[0]):g} m, expected {distance} m as the sensor's config says"
        )
    return Grid(*shape, _agreed(header.crs, crs, label), transform)


def _agreed(found: str, stated: CRS | None, label: str) -> str:
    if stated is None:
        if not found:
            raise UserError(f"{label}: found no coordinate reference system, expected one in the file")
        return found
    if found and CRS.from_wkt(found) != stated:
        raise UserError(
            f"{label}: found {CRS.from_wkt(found).to_string()[:40]}, "
            f"expected {stated.to_string()} as the granule's metadata says"
        )
    # The metadata's has its authority code; what files carry is sometimes the bare definition.
    wkt: str = stated.to_wkt()
    return wkt


def _crs(text: str, label: str) -> CRS:
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise UserError(f"{label}: found {text!r}, expected a code such as EPSG:32633") from error


def _described(grid: Grid) -> str:
    return f"{grid.height} x {grid.width} pixels from {_corner(grid.transform or (0.0,) * 6)}"


def _corner(transform: tuple[float, ...]) -> str:
    return f"{transform[2]:.12g}, {transform[5]:.12g}"

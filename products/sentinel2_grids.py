"""The grids of a Sentinel-2 product, from its image files, held against each other and the granule's metadata."""

import logging
import re
from collections.abc import Mapping

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError

from errors import UserError
from products.grid import Grid
from products.raster_handles import RasterHeader
from products.sensor import Sensor
from products.sentinel2_metadata import TileMetadata

LOG = logging.getLogger(__name__)
_EXPECTED_CRS = "expected a code such as EPSG:32633"
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
    if tile and tile.shapes.get(finest_m, finest.shape) != finest.shape:
        LOG.warning("%s: its images are %s, a part of the granule", name, _described(finest))
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
    if transform and max(abs(abs(transform[0]) - distance), abs(abs(transform[4]) - distance)) > _TOLERANCE_M:
        raise UserError(
            f"{label}: found pixels of {abs(transform[0]):g} m, expected {distance} m as the sensor's config says"
        )
    stated = tile.shapes.get(distance) if tile else None
    place = tile.transforms.get(distance) if tile else None
    if transform is None and place is not None and stated is not None and shape != stated:
        raise UserError(
            f"{label}: found {shape[0]} x {shape[1]} pixels without georeference, "
            f"expected {stated[0]} x {stated[1]} as the granule's metadata says"
        )
    if transform is None or (place and max(map(abs, np.subtract(transform, place))) < _TOLERANCE_M):
        transform = place  # without the rounding of the file
    if transform is None:
        raise UserError(
            f"{label}: found no georeference, expected one in the file or in the granule's metadata"
        )
    if place is not None and stated is not None:
        _check_inside(Grid(*shape, "", transform), Grid(*stated, "", place), label)
    return Grid(*shape, _agreed(header.crs, crs, label), transform)


def _check_inside(found: Grid, stated: Grid, label: str) -> None:
    # Someone may have cut images out of a product, but none lies outside of its granule.
    transform, place = found.transform or (), stated.transform or ()
    column, row = (transform[2] - place[2]) / place[0], (transform[5] - place[5]) / place[4]
    slack = _TOLERANCE_M
    inside = -slack <= row <= stated.height - found.height + slack
    if not inside or not -slack <= column <= stated.width - found.width + slack:
        raise UserError(
            f"{label}: found {_described(found)}, expected {_described(stated)} as the granule's metadata says"
        )


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
    # Nothing but a code: PROJ would also read files and addresses.
    match = re.fullmatch(r"EPSG:(\d{1,9})", text)
    try:
        if match:
            return CRS.from_epsg(int(match[1]))
    except CRSError as error:
        raise UserError(
            f"{label}: found {text}, which no coordinate reference system has; {_EXPECTED_CRS}"
        ) from error
    raise UserError(f"{label}: found {text!r}, {_EXPECTED_CRS}")


def _described(grid: Grid) -> str:
    return f"{grid.height} x {grid.width} pixels from {_corner(grid.transform or (0.0,) * 6)}"


def _corner(transform: tuple[float, ...]) -> str:
    return f"{transform[2]:.12g}, {transform[5]:.12g}"

"""Rasters of swath pixels that say where those lie: by positions carried along, or on a map grid; never by an invented CRS."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError

from errors import UserError
from products.map_grid import MapGrid
from products.product import Product
from products.swath_pixels import SwathPixels
from products.swath_resampling import resampled_blocks
from products.window import Window

LOG = logging.getLogger(__name__)

STRIP_ROWS = 256  # of positions, computed at a time
UNKNOWN = -999.0  # degrees of a pixel whose position is not known, as in MODIS's own files
TAG = "NADIR_GEOLOCATION"
METHODS = ("nearest", "bilinear")


def positions_path(output: str | Path) -> Path:
    """Where the positions of an output go: beside it, `NAME.geolocation.tif`."""
    output = Path(output)
    return output.with_name(f"{output.stem}.geolocation.tif")


def geolocation_tags(positions: Path) -> dict[str, str]:
    """What a raster's metadata domain GEOLOCATION must say of a file of positions in the same folder.

    Keys as GDAL defines them (RFC 4, and X_DATASET_RELATIVE_TO_SOURCE of GDAL 3.5): `gdalwarp -geoloc` and
    rasterio's `WarpedVRT` read them.
    """
    tags = {"SRS": CRS.from_epsg(4326).to_wkt(), "GEOREFERENCING_CONVENTION": "PIXEL_CENTER"}
    for number, axis in enumerate("XY", start=1):
        tags |= {
            f"{axis}_DATASET": positions.name,
            f"{axis}_BAND": str(number),
            f"{axis}_DATASET_RELATIVE_TO_SOURCE": "YES",
        }
    for axis in ("PIXEL", "LINE"):
        tags |= {f"{axis}_OFFSET": "0", f"{axis}_STEP": "1"}
    return tags


def write_positions(path: Path, product: Product, window: Window, ground_sample_distance_m: int) -> bool:
    """Longitude and latitude of a window's pixels as a GeoTIFF of two float32 bands, degrees, which appears whole.

    Returns:
        False, and no file, where the product has no positions.

    Raises:
        UserError: it cannot be written.
    """
    if product.geolocation(ground_sample_distance_m, Window(window.row, window.column, 1, 1)) is None:
        return False
    profile = {
        "driver": "GTiff", "count": 2, "height": window.height, "width": window.width, "dtype": "float32",
        "nodata": UNKNOWN, "crs": CRS.from_epsg(4326), "compress": "deflate", "predictor": 3,
        "bigtiff": "IF_SAFER",
    }  # fmt: skip
    with _appearing(path) as temporary, rasterio.open(temporary, "w", **profile) as raster:
        raster.descriptions = ("longitude", "latitude")
        for top in range(0, window.height, STRIP_ROWS):
            rows = min(STRIP_ROWS, window.height - top)
            strip = Window(window.row + top, window.column, rows, window.width)
            found = product.geolocation(ground_sample_distance_m, strip)
            assert found is not None
            degrees = np.stack([found.longitude, found.latitude]).astype(np.float32)
            place = rasterio.windows.Window(0, top, window.width, rows)
            raster.write(np.nan_to_num(degrees, nan=UNKNOWN), window=place)
    return True


def geolocated(
    output: str | Path,
    product: Product,
    window: Window,
    ground_sample_distance_m: int,
    *,
    name: str | Path | None = None,
) -> Path | None:
    """Give a written raster the positions of its pixels, in a second file beside it.

    Args:
        output: raster of the pixels of `window`, without CRS. A GeoTIFF takes the metadata itself; of other formats,
            and of a cloud optimised one, whose layout an update would break, GDAL reads it in `NAME.aux.xml`.
        product, window, ground_sample_distance_m: what the pixels are.
        name: final path of the raster, where `output` is still a temporary one of the same folder.

    Returns:
        The file of positions; None where the product has none: the raster then says so in its tag
        `NADIR_GEOLOCATION`, and a warning is logged.

    Raises:
        UserError: a file cannot be written.
    """
    output = Path(output)
    positions = positions_path(name or output)
    found = write_positions(positions, product, window, ground_sample_distance_m)
    if found:
        note = f"longitude and latitude of the pixel centres are in {positions.name}"
    else:
        note = "none: the product holds no positions, and no geolocation product was beside it"
        LOG.warning(
            "%s has no georeference: %s holds no positions, and no geolocation product is beside it",
            name or output, product.path,
        )  # fmt: skip
    domains = {"": {TAG: note}} | ({"GEOLOCATION": geolocation_tags(positions)} if found else {})
    try:
        _describe(output, Path(name or output), domains)
    except (RasterioError, OSError) as error:
        positions.unlink(missing_ok=True)
        raise UserError(f"{output} cannot be given its positions: {error}") from error
    return positions if found else None


def _describe(output: Path, name: Path, domains: Mapping[str, Mapping[str, str]]) -> None:
    """Add metadata, by domain, to a raster or to the file of metadata that GDAL keeps beside it (PAM)."""
    with rasterio.open(output) as raster:
        inside = raster.driver == "GTiff" and raster.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") != "COG"
    if inside:
        with rasterio.open(output, "r+") as raster:
            for domain, tags in domains.items():
                raster.update_tags(ns=domain or None, **tags)
        return
    before, after = (path.with_name(f"{path.name}.aux.xml") for path in (output, name))
    root = ElementTree.parse(before).getroot() if before.exists() else ElementTree.Element("PAMDataset")
    for domain, tags in domains.items():
        same = [part for part in root.findall("Metadata") if part.get("domain", "") == domain]
        part = (
            same[0]
            if same
            else ElementTree.SubElement(root, "Metadata", {"domain": domain} if domain else {})
        )
        for key, value in tags.items():
            ElementTree.SubElement(part, "MDI", {"key": key}).text = value
    with _appearing(after) as temporary:
        ElementTree.ElementTree(root).write(temporary)


def map_grid(choice: Mapping[str, Any]) -> tuple[CRS, float, str]:
    """The reference system, pixel side (m) and method of a stated grid.

    Args:
        choice: `crs` (anything that PROJ understands), `resolution_m`, and `method` (nearest or bilinear).

    Raises:
        UserError: naming what is missing or unknown.
    """
    unknown = sorted(set(choice) - {"crs", "resolution_m", "method"})
    if unknown or not choice.get("crs") or not choice.get("resolution_m"):
        raise UserError(f"swath.grid: found {dict(choice)}, expected crs, resolution_m and perhaps method")
    try:
        crs = CRS.from_user_input(choice["crs"])
    except CRSError as error:
        raise UserError(
            f"swath.grid.crs: found {choice['crs']} ({error}), expected e.g. EPSG:32633"
        ) from error
    method = choice.get("method") or METHODS[0]
    if method not in METHODS:
        raise UserError(f"swath.grid.method: found {method}, expected one of {', '.join(METHODS)}")
    try:
        resolution = float(choice["resolution_m"])
    except (TypeError, ValueError):
        resolution = -1.0
    if not resolution > 0:
        raise UserError(f"swath.grid.resolution_m: found {choice['resolution_m']}, expected metres above 0")
    return crs, resolution, method


def resample(
    raster_path: str | Path,
    product: Product,
    window: Window,
    ground_sample_distance_m: int,
    grid: Mapping[str, Any],
    output: str | Path,
) -> dict[str, Any]:
    """Put a raster of swath pixels on a stated map grid, by pyresample; written as GeoTIFF, which appears whole.

    A cell takes the nearest pixel whose footprint reaches the cell's centre (`nearest`), or is interpolated between
    the four around it (`bilinear`). Pixels that hold no data in any band take no part, so that rows which VIIRS
    deletes on board are covered by the scan that overlaps them. Type, nodata, names, scales and tags are kept.

    Args:
        raster_path: pixels of `window`.
        product, window, ground_sample_distance_m: what they are.
        grid: see `map_grid`.
        output: the GeoTIFF.

    Returns:
        `height`, `width`, `crs` of the grid.

    Raises:
        UserError: the product has no positions, the grid cannot hold them, or a file cannot be written.
    """
    crs, resolution, method = map_grid(grid)
    pixels = SwathPixels(product, window, ground_sample_distance_m, crs)
    cells = MapGrid.around(pixels, crs, resolution)
    with rasterio.open(raster_path) as source:
        if (source.height, source.width) != (window.height, window.width):
            raise UserError(
                f"{raster_path}: found {source.height} x {source.width} pixels, expected {window.height} x {window.width}"
            )
        nodata = product.sensor.nodata if source.nodata is None else source.nodata
        profile = {
            "driver": "GTiff", "count": source.count, "dtype": source.dtypes[0], "nodata": nodata, "crs": crs,
            "height": cells.height, "width": cells.width, "transform": cells.transform, "tiled": True,
            "blockxsize": MapGrid.BLOCK, "blockysize": MapGrid.BLOCK, "compress": "deflate",
            "predictor": 3 if np.dtype(source.dtypes[0]).kind == "f" else 2, "bigtiff": "IF_SAFER",
        }  # fmt: skip
        with _appearing(Path(output)) as temporary, rasterio.open(temporary, "w", **profile) as raster:
            raster.descriptions, raster.scales, raster.offsets = (
                source.descriptions,
                source.scales,
                source.offsets,
            )
            note = f"resampled ({method}) to {crs.to_string()}, {resolution:g} m, from positions of the swath"
            raster.update_tags(**(source.tags() | {TAG: note}))
            for block, values in resampled_blocks(pixels, cells, source, nodata, method):
                place = rasterio.windows.Window(block.column, block.row, block.width, block.height)
                raster.write(values, window=place)
    return {"height": cells.height, "width": cells.width, "crs": crs.to_string()}


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when all went well, and is removed otherwise."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except (RasterioError, OSError) as error:
        raise UserError(f"{path} cannot be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)

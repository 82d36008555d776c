"""What an index says of a Sentinel-2 product, read from its metadata and the headers of its images."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from errors import UserError
from products.product_scene import restricted
from products.scene import SceneKey
from products.scene_index import SceneEntry
from products.scene_names import key_of, tile_of
from products.sensor import Sensor
from products.sentinel2 import Sentinel2Product
from synthesis.scene_footprint import code_of, footprint_of

_CLOUDS = ("CLOUDY_PIXEL_PERCENTAGE", "CLOUD_COVERAGE_ASSESSMENT")  # of the granule, of the product
_SENSED = ("DATATAKE_SENSING_START", "PRODUCT_START_TIME")


def describe(path: Path, sensor: Sensor, absent_bands: Mapping[str, Sequence[str]]) -> SceneEntry:
    """What an index says of a product, after a look at its metadata and at the header of every band.

    Args:
        path: SAFE folder, folder of one granule, or archive.
        sensor: with all bands of the instrument.
        absent_bands: bands that products of a level do not have.

    Raises:
        UserError: it cannot be read.
    """
    with closing(_open(path, sensor, absent_bands)) as product:
        tags, grid = product.tags, product.grids[product.finest_m]
        entry = SceneEntry(
            key=_key(product),
            name=product.name,
            path=path,
            level=product.level,
            baseline=product.metadata.baseline,
            platform=tags.get("SPACECRAFT_NAME", ""),
            crs=code_of(grid.crs),
            height=grid.height,
            width=grid.width,
            resolution_m=product.finest_m,
            footprint=footprint_of(
                grid, "" if path.parent.name == "GRANULE" else tags.get("FOOTPRINT_LATITUDE_LONGITUDE", "")
            ),
        )
    cover = next((tags[name] for name in _CLOUDS if name in tags), None)
    try:
        return replace(entry, cloud_cover=None if cover is None else float(cover))
    except ValueError as error:
        raise UserError(f"{path}: found a cloud cover of {cover!r}, expected percent") from error


def _open(path: Path, sensor: Sensor, absent_bands: Mapping[str, Sequence[str]]) -> Sentinel2Product:
    """The product with all bands that its level has, which is known when it is open."""
    try:
        return _opened(path, sensor)
    except UserError:
        for level, absent in absent_bands.items():
            try:
                product = _opened(
                    path, restricted(sensor, [name for name in sensor.bands if name not in absent])
                )
            except UserError:
                continue  # what is wrong with the whole says more
            if product.level == level:
                return product
            product.close()
        raise


def _opened(path: Path, sensor: Sensor) -> Sentinel2Product:
    product = sensor.open(path)
    if not isinstance(product, Sentinel2Product):
        product.close()
        raise UserError(
            f"{path}: found a product of {sensor.title} that is no SAFE, expected a SAFE folder or archive"
        )
    return product


def _key(product: Sentinel2Product) -> SceneKey:
    key = key_of(product.name)
    tile = tile_of(product.name) or tile_of(product.tags.get("TILE_ID", ""))
    if key is not None and not key.day_only:
        return SceneKey(tile, key.time)
    for name in _SENSED:
        text = product.tags.get(name, "")[: len("2021-01-26T10:23:11")]
        try:
            return SceneKey(tile, datetime.fromisoformat(text))
        except ValueError:
            continue
    raise UserError(
        f"{product.path}: found no time of sensing in its metadata, expected {' or '.join(_SENSED)}"
    )

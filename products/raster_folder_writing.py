"""Writing products as folders of rasters, which `RasterFolderReader` reads: one GeoTIFF for each grid."""

import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

from products.grid import Grid
from products.product_card import CARD, ProductCard
from products.sensor import Sensor
from products.thraws import SYNTHETIC_TAG


def write_raster_folder(
    folder: str | Path,
    sensor: Sensor,
    pixels: Mapping[int, np.ndarray],
    grids: Mapping[int, Grid],
    *,
    synthetic: bool,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write a product of a sensor; the folder appears whole or not at all.

    Args:
        folder: to be made; its name is the product's.
        sensor: its groups give the bands, in order.
        pixels: ground sample distance (m) -> (C, h, w) stored digital numbers.
        grids: ground sample distance (m) -> the grid of those pixels.
        synthetic: no sensor has measured them; every file then carries NADIR_SYNTHETIC=1.
        tags: text metadata of the product.

    Returns:
        The folder.

    Raises:
        FileExistsError: the folder exists.
        ValueError: pixels that do not fit the sensor's bands or the grid.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    card = ProductCard(
        sensor=sensor.name, synthetic=synthetic, tags=dict(tags or {}), bands=_places(sensor, pixels)
    )
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for distance, group in pixels.items():
            _write(unfinished / _file(distance), sensor, distance, group, grids[distance], synthetic)
        (unfinished / CARD).write_text(card.text(), encoding="utf-8")
        unfinished.chmod(0o755)
        if folder.exists():
            raise FileExistsError(f"{folder} exists")
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder


def _file(distance: int) -> str:
    return f"{distance}m.tif"


def _places(sensor: Sensor, pixels: Mapping[int, np.ndarray]) -> dict[str, str]:
    return {
        band.name: f"{_file(distance)}:{number}"
        for distance in sorted(pixels)
        for number, band in enumerate(sensor.group(distance), 1)
    }


def _write(
    path: Path, sensor: Sensor, distance: int, pixels: np.ndarray, grid: Grid, synthetic: bool
) -> None:
    bands = sensor.group(distance)
    if pixels.shape != (len(bands), *grid.shape):
        raise ValueError(
            f"{distance} m: pixels of shape {pixels.shape}, expected {(len(bands), *grid.shape)}"
        )
    profile = {
        "driver": "GTiff", "count": len(bands), "height": grid.height, "width": grid.width, "dtype": sensor.dtype,
        "nodata": sensor.nodata, "compress": "deflate", "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip
    if grid.crs:
        profile["crs"] = grid.crs
    # GDAL takes the unit map for no georeference at all.
    profile["transform"] = Affine(*grid.transform) if grid.transform else Affine.identity()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile) as file:
            file.write(pixels.astype(sensor.dtype, casting="same_kind"))
            for number, band in enumerate(bands, 1):
                file.set_band_description(number, band.name)
            if synthetic:
                file.update_tags(**{SYNTHETIC_TAG: "1"})

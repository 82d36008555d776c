"""Masks on disk as others write them: rasters of any integer type, `.npz` archives of Nimbus and of ukis-csmask."""

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

from products.class_table import ClassTable

NUMBERS = {"cloud": 0, "ground": 1, "snow": 2, "water": 3}
CLASSES = ClassTable(
    name="clouds",
    classes={name: {"values": [number], "colour": [60 * number] * 3} for name, number in NUMBERS.items()},
)
UTM = rasterio.CRS.from_epsg(32632).to_wkt()
WEST, NORTH = 500_000.0, 5_000_000.0


def place(pixel=10.0, row=0, column=0):
    """A transform with the corner so many pixels of 10 m below and beside a common one."""
    return (pixel, 0.0, WEST + 10 * column, 0.0, -pixel, NORTH - 10 * row)


def numbers(height, width, seed=0, dtype="uint8"):
    """Class indices 0 to 3, (height, width)."""
    return np.random.default_rng(seed).integers(0, 4, (height, width)).astype(dtype)


def raster(path, array, *, driver="GTiff", crs=UTM, transform=None, nodata=None, palette=None, **options):
    """Write an array (h, w), or (C, h, w), as a raster."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = array[None] if array.ndim == 2 else array
    profile = {
        "driver": driver,
        "count": len(bands),
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": array.dtype,
    }
    if crs:
        profile |= {"crs": crs, "transform": Affine(*(transform or place()))}
    if nodata is not None:
        profile["nodata"] = nodata
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile, **options) as file:
            file.write(bands)
            if palette:
                file.write_colormap(1, palette)
    return path


def published(path, dates, height, width):
    """The labels of Nimbus: one uncompressed array for each date `YYYYMMDD`; returns them."""
    arrays = {date: numbers(height, width, seed) for seed, date in enumerate(dates)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return arrays


def annotated(path, height, width, bands=6, seed=0):
    """An image with its mask as ukis-csmask has them: reflectance `img` (H, W, C) float32 and `msk` (H, W, 1) uint8."""
    image = np.random.default_rng(seed).uniform(0.01, 1.2, (height, width, bands)).astype(np.float32)
    mask = numbers(height, width, seed)[..., None]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, img=image, msk=mask)
    return image, mask

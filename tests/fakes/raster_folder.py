"""Folders of GeoTIFFs, made up: one file for each band, or whatever a test asks for."""

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine


def write_raster(
    path, pixels, *, pixel_m=None, left=300000.0, top=6000000.0, epsg=32633, names=None, tags=None, **profile
):
    """A GeoTIFF of (C, h, w) or (h, w); without `pixel_m` it has no georeference."""
    pixels = np.atleast_3d(pixels) if pixels.ndim != 2 else pixels[None]
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"driver": "GTiff", "count": len(pixels), "height": pixels.shape[1], "width": pixels.shape[2]}
    if pixel_m is not None:
        options |= {"crs": CRS.from_epsg(epsg), "transform": Affine(pixel_m, 0, left, 0, -pixel_m, top)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", dtype=pixels.dtype, **options, **profile) as file:
            file.write(pixels)
            for number, name in enumerate(names or (), 1):
                file.set_band_description(number, name)
            if tags:
                file.update_tags(**tags)
    return path


def noise(seed, *shape, low=1, high=9000, dtype="uint16"):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)

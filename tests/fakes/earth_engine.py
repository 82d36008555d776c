"""Sentinel-2 scenes as Earth Engine exports them: one GeoTIFF, bands by name, a border around the tile."""

import numpy as np
import rasterio

from tests.fakes import masks

BANDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")


def pixels(height, width, bands=13, seed=0):
    """Digital numbers from 1 to 9999 and, as the fourteenth band, QA60 of 0 and 1024; (bands, height, width) uint16."""
    generator = np.random.default_rng(seed)
    array = generator.integers(1, 10_000, (bands, height, width)).astype(np.uint16)
    if bands > len(BANDS):
        array[len(BANDS)] = 1024 * generator.integers(0, 2, (height, width))
    return array


def export(path, array, *, named=True, border=None, tags=None, **options):
    """Write (C, h, w); `border`: what the first row and column, the last row and the last two columns hold."""
    array = array.copy()
    if border is not None:
        array[:, [0, -1]] = border
        array[:, :, [0, -2, -1]] = border
    masks.raster(path, array, **options)
    with rasterio.open(path, "r+") as file:
        if named:
            file.descriptions = tuple((*BANDS, "QA60")[: len(array)])
        if tags:
            file.update_tags(**tags)
    return path

"""What labels are made of, in the true layouts: ExoLabs classifications, cloud probabilities and water of Earth Engine.

Nothing here was measured by a sensor.
"""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

LEFT, TOP = 399_960, 5_300_040  # corner of the tile
CRS = "EPSG:32632"
EXOLABS_NAME = "S2_{tile}_{date}_10m_SnowClass.tif"  # the date is in characters 9 to 18
CLOUDLESS_NAME = "S2_CLOUDLESS_{time}_{time}_T{tile}.tif"  # and here in 13 to 20


def write(path, bands, *, resolution=10, left=LEFT, top=TOP, crs=CRS, nodata=None, **options):
    """A GeoTIFF of (C, H, W) or (H, W) numbers."""
    bands = np.atleast_3d(bands.T).T if bands.ndim == 2 else bands
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    place = {} if crs is None else {"crs": crs, "transform": Affine(resolution, 0, left, 0, -resolution, top)}
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2], dtype=bands.dtype,
        nodata=nodata, compress="deflate", **place, **options,
    ) as file:  # fmt: skip
        file.write(bands)
    return path


def bordered(band, right=2, below=3):
    """An Earth Engine export of a tile: a pixel more at the top and the left, some at the other sides, all 0."""
    return np.pad(band, ((1, below), (1, right)))


def exolabs(folder, scene, snow, *, date="2021-01-26", tile="32TNS", **options):
    """A classification: (H, W) scene classes 0 to 4 and snow codes 0 to 2."""
    name = EXOLABS_NAME.format(tile=tile, date=date)
    return write(Path(folder) / name, np.stack([scene, snow]).astype(np.uint8), **options)


def cloudless(folder, percent, *, time="20210126T102311", tile="32TNS", **options):
    """Cloud probabilities, (H, W) percent."""
    return write(
        Path(folder) / CLOUDLESS_NAME.format(tile=tile, time=time), percent.astype(np.uint8), **options
    )


def water(path, presence, **options):
    """A map of water, (H, W) 0 or 1."""
    return write(path, presence.astype(np.uint8), **options)


def sources(folder, height=40, width=48, seed=0):
    """All three for one date with random numbers; returns the arrays: scene, snow, percent, water."""
    generator = np.random.default_rng(seed)
    scene = generator.integers(0, 5, (height, width)).astype(np.uint8)
    snow = generator.integers(0, 3, (height, width)).astype(np.uint8)
    percent = generator.integers(0, 101, (height, width)).astype(np.uint8)
    presence = generator.integers(0, 2, (height, width)).astype(np.uint8)
    exolabs(folder / "exolabs", scene, snow)
    cloudless(folder / "cloudless", percent)
    water(folder / "water.tif", presence)
    return scene, snow, percent, presence

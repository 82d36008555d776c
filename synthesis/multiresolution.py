"""Made-up products of any sensor, small, so that super-resolution runs where no product is at hand."""

import hashlib
import json
import math
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.crs import CRS

from errors import UserError
from products.degradation import degrade
from products.grid import Grid
from products.raster_folder_writing import write_raster_folder
from products.sensor import Sensor
from synthesis.multiresolution_scene import landscape

DEFAULT_NM = 600.0  # of a band whose config tells no wavelength
PLACE_M = 200_000.0  # from one scene to the next, so that no two show one place


def generated_products(
    sensor: Sensor,
    cache: Path,
    *,
    train: int = 3,
    val: int = 1,
    test: int = 1,
    size_px: int = 600,
    noise: float = 5e-4,
    epsg: int = 32633,
    grid_offset_px: Mapping[str, float] | None = None,
    seed: int = 0,
) -> dict[str, list[Path]]:
    """Products of a sensor as folders of rasters, made if the cache lacks them.

    They are made under a name of their own and renamed: of several processes one wins, the others use its products.

    Args:
        sensor: gives bands, grids, type and range of the pixels.
        cache: folder of all such products.
        train, val, test: how many for each set.
        size_px: least side, pixels of the finest grid.
        noise: standard deviation in physical units (reflectance).
        epsg: reference system that the products claim.
        grid_offset_px: by name of the sensor: where the coarser grids begin on the finest one, pixels.
        seed: of everything random.

    Returns:
        {"train": [...], "val": [...], "test": [...]}: folders; `val` and `test` even where they are empty.

    Raises:
        UserError: a cache that cannot be written.
    """
    counts = {"train": train, "val": val, "test": test}
    offset = float((grid_offset_px or {}).get(sensor.name, 0.0))
    settings = {**counts, "size_px": size_px, "noise": noise, "epsg": epsg, "offset": offset, "seed": seed}
    folder = cache / f"{sensor.name}_{_key(sensor, settings)}"
    names = {name: [f"{name}_{number}" for number in range(count)] for name, count in counts.items()}
    if not folder.is_dir():
        unfinished = cache / f".{folder.name}-{uuid.uuid4().hex}"
        try:
            unfinished.mkdir(parents=True)
            for place, name in enumerate(name for group in names.values() for name in group):
                generator = np.random.default_rng([seed, place])
                pixels, grids = product(sensor, generator, size_px=size_px, noise=noise, offset=offset)
                placed = {m: _placed(grid, epsg, place) for m, grid in grids.items()}
                tags = {"NADIR_GENERATOR": "multiresolution"}
                write_raster_folder(
                    unfinished / f"{sensor.name}_{name}", sensor, pixels, placed, synthetic=True, tags=tags
                )
            unfinished.rename(folder)
        except OSError as error:
            if not folder.is_dir():
                raise UserError(
                    f"data.cache: {folder} cannot be written ({error}), expected a writable folder"
                ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return {name: [folder / f"{sensor.name}_{entry}" for entry in own] for name, own in names.items()}


def product(
    sensor: Sensor, generator: np.random.Generator, *, size_px: int, noise: float = 0.0, offset: float = 0.0
) -> tuple[dict[int, np.ndarray], dict[int, Grid]]:
    """One made-up product: every band is made on the finest grid and degraded to its own as Wald's protocol would.

    Args:
        sensor, noise: see `generated_products`.
        generator: of everything random.
        size_px: least side, pixels of the finest grid; grown until all grids divide.
        offset: where the coarser grids begin on the finest one, pixels, both ways.

    Returns:
        {distance: (C, h, w) stored digital numbers} and {distance: Grid} without reference system.
    """
    distances = sensor.ground_sample_distances_m
    factors = {distance: sensor.factor(distance) for distance in distances}
    unit = math.lcm(*factors.values())
    size = -(-size_px // unit) * unit
    bands = [band for distance in distances for band in sensor.group(distance)]
    wavelengths = np.array([band.wavelength_nm or DEFAULT_NM for band in bands])
    ground = landscape(size + math.ceil(offset), wavelengths, generator)
    pixels, grids, first = {}, {}, 0
    for distance, factor in factors.items():
        count = len(sensor.group(distance))
        group, first = ground[first : first + count], first + count
        shift = 0.0
        if factor > 1:
            group, shift = degrade(group, factor, row_offset=offset, column_offset=offset), offset
        noisy = group + noise * generator.standard_normal(group.shape, np.float32)
        pixels[distance] = _stored(noisy, sensor)
        corner = shift * distances[0]
        transform = (float(distance), 0.0, corner, 0.0, -float(distance), -corner)
        grids[distance] = Grid(group.shape[1], group.shape[2], "", transform)
    return pixels, grids


def _stored(physical: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Physical values as stored digital numbers, all of them valid."""
    low, high = sensor.valid_range
    numbers = np.clip((physical - sensor.offset) / sensor.scale, low, high)
    dtype = np.dtype(sensor.dtype)
    return (np.rint(numbers) if dtype.kind in "ui" else numbers).astype(dtype)


def _placed(grid: Grid, epsg: int, place: int) -> Grid:
    """A grid somewhere on the map, each place its own."""
    assert grid.transform is not None
    a, b, c, d, e, f = grid.transform
    moved = (a, b, c + 300_000.0, d, e, f + 4_000_000.0 + PLACE_M * place)
    return Grid(grid.height, grid.width, CRS.from_epsg(epsg).to_wkt(), moved)


def _key(sensor: Sensor, settings: Mapping[str, Any]) -> str:
    bands = {name: [band.ground_sample_distance_m, band.wavelength_nm] for name, band in sensor.bands.items()}
    facts = [bands, sensor.dtype, sensor.nodata, sensor.valid_range, sensor.scale, sensor.offset, settings]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]

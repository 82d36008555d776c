"""Made-up Sentinel-2 scenes with masks of cloud, ground, snow and water, small, so that segmentation runs without data."""

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

from errors import UserError
from products.class_table import IGNORE, ClassTable
from products.grid import Grid
from products.patch_raster import write_patch
from products.raster_scene import HARMONISED_TAG
from products.sensor import Sensor
from products.thraws import SYNTHETIC_TAG
from synthesis.segmentation_landscape import CLASSES, Ground, acquisition, ground

PIXEL_M = 10
LAYER_M = 30  # pixels of the auxiliary layers, as of the real ones
CORNER_M = (300_000.0, 5_000_000.0)  # west and north of the first tile
TILES = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # letters of the tiles' names
DAYS = 35  # from one acquisition to the next
VERSION = 2  # of how scenes are made: caches of other versions are not used
DEFAULT_NM = 600.0  # of a band whose config tells no wavelength


@dataclass(frozen=True)
class GeneratedScenes:
    """What was made.

    Attributes:
        images, masks: folders of GeoTIFFs with the same names.
        auxiliary: by name of the layer, one file that covers all scenes.
    """

    images: Path
    masks: Path
    auxiliary: dict[str, Path]


def generated_scenes(
    sensor: Sensor,
    classes: ClassTable,
    cache: Path,
    *,
    tiles: int = 6,
    dates: int = 2,
    size_px: int = 256,
    noise: float = 15.0,
    epsg: int = 32633,
    unknown_px: int = 12,
    seed: int = 0,
) -> GeneratedScenes:
    """Scenes in a folder of the cache, made if it lacks them.

    They are made under a name of their own and renamed: of several processes one wins, the others use its scenes.

    Args:
        sensor: gives the bands.
        classes: gives the numbers in the masks; must know `CLASSES`.
        cache: folder of all such scenes.
        tiles: places, side by side; each is a tile of its own.
        dates: acquisitions of each place.
        size_px: side of a scene, pixels of 10 m.
        noise: standard deviation, digital numbers.
        epsg: reference system that the scenes claim.
        unknown_px: width of the border of one scene in which there are no data.
        seed: of everything random.

    Raises:
        UserError: classes that the scenes do not show, too many tiles, or a cache that cannot be written.
    """
    missing = [name for name in CLASSES if name not in classes.names]
    if missing:
        raise UserError(
            f"data.images is null, and generated scenes show {', '.join(CLASSES)}; found classes={classes.name} without "
            f"{', '.join(missing)}, expected classes=clouds or data.images"
        )
    if not 1 <= tiles <= len(TILES) or dates < 1 or size_px < 32:
        raise UserError(
            f"data.generator: found {tiles} tiles, {dates} dates and {size_px} pixels, expected 1 to {len(TILES)} tiles, "
            "at least 1 date and at least 32 pixels"
        )
    settings = {"tiles": tiles, "dates": dates, "size_px": size_px, "noise": noise, "epsg": epsg}
    settings |= {"unknown_px": unknown_px, "seed": seed}
    folder = cache / f"{sensor.name}_{classes.name}_{_key(sensor, classes, settings)}"
    if not folder.is_dir():
        unfinished = cache / f".{folder.name}-{uuid.uuid4().hex}"
        try:
            unfinished.mkdir(parents=True)
            _write(unfinished, sensor, classes, **settings)  # type: ignore[arg-type]
            unfinished.rename(folder)
        except OSError as error:
            if not folder.is_dir():
                raise UserError(
                    f"data.cache: {folder} cannot be written ({error}), expected a writable folder"
                ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    auxiliary = {name: folder / "auxiliary" / f"{name}.tif" for name in ("altitude", "treecover")}
    return GeneratedScenes(folder / "images", folder / "masks", auxiliary)


def _write(
    folder: Path,
    sensor: Sensor,
    classes: ClassTable,
    *,
    tiles: int,
    dates: int,
    size_px: int,
    noise: float,
    epsg: int,
    unknown_px: int,
    seed: int,
) -> None:
    crs = CRS.from_epsg(epsg).to_wkt()
    land = ground(size_px, size_px * tiles, np.random.default_rng([seed, *b"ground"]))
    for name in ("images", "masks", "auxiliary"):
        (folder / name).mkdir()
    _write_layers(folder / "auxiliary", land, crs)
    bands = list(sensor.bands.values())
    wavelengths = [float(band.wavelength_nm or DEFAULT_NM) for band in bands]
    distances = [band.ground_sample_distance_m for band in bands]
    stored = np.array([classes.values[classes.names.index(name)][0] for name in CLASSES])
    for tile in range(tiles):
        columns = slice(tile * size_px, (tile + 1) * size_px)
        for date in range(dates):
            generator = np.random.default_rng([seed, tile, date])
            pixels, indices = acquisition(
                land.part(slice(None), columns), wavelengths, distances, generator, noise=noise
            )
            numbers = np.clip(np.rint(pixels), 1, 65535).astype(np.uint16)
            mask = stored[indices]
            if tile == date == 0 and unknown_px:  # as at the edge of a swath
                numbers[:, :, :unknown_px] = 0
            time = datetime(2021, 1, 10, 10, 20, 30) + timedelta(days=DAYS * date)
            stem = f"T01C{TILES[tile]}A_{time:%Y%m%dT%H%M%S}"
            west = CORNER_M[0] + tile * size_px * PIXEL_M
            transform = (float(PIXEL_M), 0.0, west, 0.0, -float(PIXEL_M), CORNER_M[1])
            grid = Grid(size_px, size_px, crs, transform)
            _write_image(folder / "images" / f"{stem}.tif", numbers, grid, [band.name for band in bands])
            write_patch(
                folder / "masks" / f"{stem}.tif",
                mask[None].astype(np.uint8),
                grid,
                palette=None,
                nodata=IGNORE,
            )


def _write_image(path: Path, pixels: np.ndarray, grid: Grid, names: list[str]) -> None:
    assert grid.transform is not None
    with rasterio.open(
        path, "w", driver="GTiff", count=len(pixels), height=grid.height, width=grid.width, dtype="uint16", nodata=0,
        crs=grid.crs, transform=Affine(*grid.transform), tiled=True, blockxsize=128, blockysize=128, compress="deflate",
        predictor=2, interleave="band",
    ) as file:  # fmt: skip
        file.write(pixels)
        file.descriptions = tuple(names)
        file.update_tags(
            **{SYNTHETIC_TAG: "1", HARMONISED_TAG: "1", "NADIR_GENERATOR": "segmentation_scenes"}
        )


def _write_layers(folder: Path, land: Ground, crs: str) -> None:
    """Elevation and tree cover, coarser than the scenes and a little larger."""
    ratio = LAYER_M // PIXEL_M
    for name, array, dtype, nodata in (
        ("altitude", land.altitude, "int16", -9999),
        ("treecover", land.treecover, "uint8", 255),
    ):
        padded = np.pad(array, ratio, mode="edge")
        height, width = (-(-side // ratio) * ratio for side in padded.shape)
        padded = np.pad(padded, ((0, height - padded.shape[0]), (0, width - padded.shape[1])), mode="edge")
        coarse = padded.reshape(height // ratio, ratio, width // ratio, ratio).mean((1, 3))
        transform = Affine(LAYER_M, 0, CORNER_M[0] - LAYER_M, 0, -LAYER_M, CORNER_M[1] + LAYER_M)
        with rasterio.open(
            folder / f"{name}.tif", "w", driver="GTiff", count=1, height=coarse.shape[0], width=coarse.shape[1],
            dtype=dtype, nodata=nodata, crs=crs, transform=transform, compress="deflate",
        ) as file:  # fmt: skip
            file.write(np.rint(coarse).astype(dtype), 1)
            file.update_tags(**{SYNTHETIC_TAG: "1"})


def _key(sensor: Sensor, classes: ClassTable, settings: Mapping[str, Any]) -> str:
    bands = {name: [band.ground_sample_distance_m, band.wavelength_nm] for name, band in sensor.bands.items()}
    facts = [VERSION, bands, str(classes), settings]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]

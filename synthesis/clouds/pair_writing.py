"""The files of a pair, and its row of the manifest."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from products.binary_mask import UNKNOWN, BinaryMask, mask_values, png_bytes
from products.grid import Grid
from products.patch_raster import replace_bytes, write_patch
from products.raster_scene import HARMONISED_TAG
from products.thraws import SYNTHETIC_TAG
from synthesis.clouds.pair_making import Ingredients, Pair
from synthesis.clouds.pair_manifest import CLOUDS, FOLDERS, IMAGES, MASKS, SURFACE, Row, write_row
from synthesis.clouds.pair_settings import PairForm

_PNG_LEVEL = 2  # of zlib: images of the ground hardly become smaller above, in three times the time


def pair_id(number: int) -> str:
    """What pair `number` (from 0) is called: five digits from 00001, more where these do not do."""
    return f"{number + 1:05d}"


def files_of(name: str, form: PairForm) -> dict[str, str]:
    """Names of all files of a pair, relative to its folder, by the folder that they are in."""
    return {folder: f"{folder}/{name}{form.suffix}" for folder in (*FOLDERS, *form.also)}


def write_pair(
    output: Path, drawn: Ingredients, pair: Pair, form: PairForm, clouds_by: str, seed: int
) -> Row:
    """Write the files of a pair, then its row, which says that all is there.

    Raises:
        UserError: a file cannot be written.
    """
    name = pair_id(drawn.number)
    files = files_of(name, form)
    mask = BinaryMask(drawn.mask.cloud, drawn.surface.valid)
    layers: dict[str, np.ndarray] = {
        MASKS: mask_values(mask, form.geotiff)[None],
        CLOUDS: pair.cloud,
        SURFACE: drawn.pixels,
        **{key: values[None] for key, values in pair.extra.items()},
        IMAGES: pair.image,
    }
    for folder, pixels in layers.items():
        _write(output / files[folder], folder, pixels, drawn.surface.grid, form)
    sun, window, known = drawn.sun, drawn.surface.window, int(mask.known.sum())
    row = {
        "id": name,
        "split": drawn.mask.split,
        **{FOLDERS[folder]: files[folder] for folder in FOLDERS},
        "cover_percent": f"{100 * int((mask.cloud & mask.known).sum()) / max(known, 1):.4f}",
        "mask_source": drawn.mask.source,
        "mask_product": drawn.mask.product,
        "mask_row": str(drawn.mask.row),
        "mask_column": str(drawn.mask.column),
        "mask_turns": str(drawn.mask.turns),
        "mask_flipped": "true" if drawn.mask.flipped else "false",
        "surface_source": drawn.surface.source,
        "surface_window": str(window),
        "clouds_by": clouds_by,
        "composition": form.composition,
        "seed": str(seed),
        "sun_azimuth": "" if sun is None else f"{sun.azimuth:.4f}",
        "sun_elevation": "" if sun is None else f"{sun.elevation:.4f}",
        "cloud_height_m": "" if sun is None else f"{sun.height_m:.2f}",
        **{
            f"{FOLDERS[folder]}_sha256": hashlib.sha256((output / files[folder]).read_bytes()).hexdigest()
            for folder in FOLDERS
        },
    }
    write_row(output, row)
    return row


def _write(path: Path, folder: str, pixels: np.ndarray, grid: Grid, form: PairForm) -> None:
    if not form.geotiff:
        replace_bytes(path, png_bytes(pixels if len(pixels) == 3 else pixels[0], _PNG_LEVEL))
        return
    bands: Mapping[str, list[str]] = {MASKS: ["cloud"], IMAGES: list(form.bands), SURFACE: list(form.bands)}
    tags = {SYNTHETIC_TAG: "1"} if folder in (IMAGES, CLOUDS) else {}
    nodata: float | None = UNKNOWN if folder == MASKS else None
    if folder in (IMAGES, SURFACE) and not form.eight_bit:
        tags[HARMONISED_TAG], nodata = "1", 0
    names = bands.get(folder, [f"cloud_{number + 1}" for number in range(len(pixels))])
    write_patch(path, pixels, grid, bands=names, nodata=nodata, tags=tags)

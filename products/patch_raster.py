"""Small GeoTIFFs that are held in memory whole, and small text files; each appears wholly or not at all."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from errors import UserError
from products.grid import Grid
from products.window import Window


def write_patch(
    path: Path,
    pixels: np.ndarray,
    grid: Grid | None,
    *,
    bands: Sequence[str] = (),
    palette: Mapping[int, tuple[int, int, int, int]] | None = None,
    nodata: float | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write (C, h, w) pixels of any type.

    Args:
        path: the file; its folder is made.
        pixels: the array.
        grid: where they lie; None or one without transform: nowhere.
        bands: descriptions.
        palette: colours of a single uint8 band.
        nodata: number that stands for no data.
        tags: text metadata.

    Raises:
        UserError: the file cannot be written.
    """
    count, height, width = pixels.shape
    profile: dict[str, Any] = {
        "driver": "GTiff", "count": count, "height": height, "width": width, "dtype": pixels.dtype.name,
        "compress": "deflate", "predictor": 3 if pixels.dtype.kind == "f" else 2, "nodata": nodata,
    }  # fmt: skip
    if grid is not None and grid.transform is not None:
        profile |= {"transform": Affine(*grid.transform), "crs": CRS.from_wkt(grid.crs) if grid.crs else None}
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(**profile) as file:
            file.write(pixels)
            for number, name in enumerate(bands, start=1):
                file.set_band_description(number, name)
            if palette is not None:
                file.write_colormap(1, dict(palette))
            file.update_tags(**dict(tags or {}))
        replace_bytes(path, bytes(memory.getbuffer()))


def read_patch(path: Path) -> tuple[np.ndarray, Grid]:
    """Pixels (C, h, w) of a small raster, and its grid.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as file:
                placed = file.transform != Affine.identity()
                grid = Grid(
                    file.height,
                    file.width,
                    file.crs.to_wkt() if file.crs else "",
                    tuple(file.transform)[:6] if placed else None,
                )
                return file.read(), grid
    except RasterioError as error:
        raise UserError(f"{path}: cannot be read as a raster ({error})") from error


def part_of(grid: Grid, window: Window) -> Grid:
    """The grid of a window of a grid."""
    if grid.transform is None:
        return Grid(window.height, window.width, grid.crs, None)
    moved = Affine(*grid.transform) @ Affine.translation(window.column, window.row)
    return Grid(window.height, window.width, grid.crs, tuple(moved)[:6])


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old content or the new one, never half of it."""
    replace_bytes(path, text.encode("utf-8"))


def replace_bytes(path: Path, content: bytes) -> None:
    """Write bytes so that a reader sees the old content or the new one.

    Raises:
        UserError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error}") from error

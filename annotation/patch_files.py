"""Reading of files of patches, none of which may be larger than its patch: looked at before it is unpacked."""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from errors import UserError
from products.class_table import ClassTable
from products.grid import Grid
from products.query_folder import check_mask


def read_header(path: Path) -> tuple[Grid, tuple[str, ...]]:
    """Grid and bands of a raster: their descriptions, `band_1`, ... where there are none.

    Raises:
        UserError: it is none.
    """
    with _opened(path) as file:
        placed = file.transform != rasterio.Affine.identity()
        crs = file.crs.to_wkt() if file.crs else ""
        grid = Grid(file.height, file.width, crs, tuple(file.transform)[:6] if placed else None)
        return grid, tuple(name or f"band_{number}" for number, name in enumerate(file.descriptions, start=1))


def read_bands(path: Path, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """All bands of a raster.

    Returns:
        (C, h, w) float32; (h, w) bool, where all of them have data.

    Raises:
        UserError: it cannot be read, or has another size.
    """
    with _opened(path) as file:
        _check_size(path, file.shape, shape)
        try:
            pixels = file.read(masked=True)
        except RasterioError as error:
            raise _unreadable(path, error) from error
    image = pixels.filled(0).astype(np.float32)
    finite = np.isfinite(image)
    valid = (~np.ma.getmaskarray(pixels) & finite).all(axis=0)
    return np.where(finite, image, np.float32(0)), valid


def read_single(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """The only band of a raster, (h, w) of its own type.

    Raises:
        UserError: it cannot be read, has another size or more bands.
    """
    with _opened(path) as file:
        _check_size(path, file.shape, shape)
        if file.count != 1:
            raise UserError(f"{path}: found {file.count} bands, expected one")
        try:
            return file.read(1)
        except RasterioError as error:
            raise _unreadable(path, error) from error


def read_indices(path: Path, shape: tuple[int, int], classes: ClassTable) -> np.ndarray:
    """A raster of class indices, (h, w) uint8.

    Raises:
        UserError: it cannot be read, has another size or unknown classes.
    """
    mask = read_single(path, shape)
    check_mask(mask, shape, classes, str(path))
    return mask.astype(np.uint8)


def read_picture(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """A PNG, (h, w, 3) uint8.

    Raises:
        UserError: it is none, or has another size.
    """
    try:
        with Image.open(BytesIO(path.read_bytes()), formats=("PNG",)) as picture:
            _check_size(path, (picture.height, picture.width), shape)
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error


def _opened(path: Path) -> rasterio.DatasetReader:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(path)
    except RasterioError as error:
        raise _unreadable(path, error) from error


def _check_size(path: Path, found: tuple[int, int], expected: tuple[int, int]) -> None:
    if tuple(found) != tuple(expected):
        raise UserError(
            f"{path}: found {found[0]} x {found[1]} pixels, expected the {expected[0]} x {expected[1]} of its patch"
        )


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path}: cannot be read ({error})")

"""Masks that know cloud and clear only: PNG with 0 and 255, GeoTIFF with 0 and 1 and 255 where nothing is known."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from errors import UserError
from products.raster import open_dataset
from products.raster_decoding import is_truncated_png

MASK_SUFFIXES = (".png", ".tif", ".tiff")
UNKNOWN = 255  # in GeoTIFFs, declared as no data
_PAIRS = ((0, 1), (0, 255))
_SHOWN = 5


class BinaryMask(NamedTuple):
    """A mask.

    Attributes:
        cloud: (H, W) bool; False where nothing is known.
        known: (H, W) bool.
    """

    cloud: np.ndarray
    known: np.ndarray


def read_binary_mask(path: str | Path) -> BinaryMask:
    """A mask of one band, or of three equal ones, whose values are 0 and 1 or 0 and 255.

    Nothing is known where the file declares no data or is transparent. 0 is clear even where a file calls it no data.
    Palettes of black and white are taken as colours, others as numbers.

    Raises:
        UserError: the file cannot be read or is no binary mask.
    """
    path = Path(path)
    pixels, known = _stored(path)
    values = pixels[0]
    if (pixels[1:] != values).any():
        raise UserError(f"{path}: found {len(pixels)} bands that differ, expected a mask of one band")
    found = np.unique(values[known])
    if not any(np.isin(found, pair).all() for pair in _PAIRS):
        shown = ", ".join(f"{value:g}" for value in found[:_SHOWN]) + ", ..." * (len(found) > _SHOWN)
        raise UserError(f"{path}: found the values {shown}, expected a binary mask of 0 and 1, or 0 and 255")
    return BinaryMask(known & (values != 0), known)


def _stored(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (C, H, W) without alpha, and where they are known; the file is not kept open, because masks are rewritten."""
    try:
        if is_truncated_png(path):
            raise UserError(f"{path}: found only the beginning of a PNG, expected a whole mask")
        with open_dataset(str(path)) as file:
            alpha = [band for band in file.indexes if file.colorinterp[band - 1] == ColorInterp.alpha]
            pixels = file.read([band for band in file.indexes if band not in alpha])
            known = np.ones(pixels.shape[1:], bool)
            for band in alpha:
                known &= file.read(band) > 0
            if file.nodata:
                known &= pixels[0] != file.nodata
            if file.colorinterp[0] == ColorInterp.palette:
                table = np.zeros((256, 3), np.uint8)
                for number, colour in file.colormap(1).items():
                    table[number] = colour[:3]
                colours = np.moveaxis(table[pixels[0]], -1, 0)
                pixels = colours if np.isin(colours, _PAIRS[1]).all() else pixels
    except (OSError, RasterioError, IndexError) as error:
        raise UserError(f"{path}: found no readable image ({error}), expected a mask") from error
    return pixels, known


def mask_values(mask: BinaryMask, geotiff: bool) -> np.ndarray:
    """What a mask's file holds, (H, W) uint8: 0, 1 and 255 in a GeoTIFF; 0 and 255 in a PNG, which cannot say unknown."""
    if not geotiff:
        return np.where(mask.cloud, np.uint8(255), np.uint8(0))
    return np.where(mask.known, mask.cloud.astype(np.uint8), np.uint8(UNKNOWN))


def png_bytes(pixels: np.ndarray, compress_level: int = 6) -> bytes:
    """A PNG of (H, W) or (3, H, W) uint8; equal pixels give equal bytes.

    Args:
        pixels: the image.
        compress_level: of zlib, 1 to 9.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels if pixels.ndim == 2 else np.moveaxis(pixels, 0, -1)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=compress_level)
    return buffer.getvalue()

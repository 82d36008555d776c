"""Masks that know cloud and clear only: PNG with 0 and 255, GeoTIFF with 0 and 1 and 255 where nothing is known."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from errors import UserError
from products.raster import RasterFile
from products.raster_header import UnreadableImage
from products.single_band import SingleBand
from products.window import Window

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
    try:
        raster = RasterFile(path)
        pixels, known = raster.read_masked()
    except UnreadableImage as error:
        raise UserError(f"{path}: found no readable image ({error}), expected a mask") from error
    if raster.info.palette and not np.isin(pixels, _PAIRS[1]).all():
        pixels = SingleBand(path).read(Window(0, 0, *pixels.shape[1:]))[None]
    if raster.info.nodata == 0:
        known = np.ones_like(known)
    values = pixels[0]
    if (pixels[1:] != values).any():
        raise UserError(f"{path}: found {len(pixels)} bands that differ, expected a mask of one band")
    found = np.unique(values[known])
    if not any(np.isin(found, pair).all() for pair in _PAIRS):
        shown = ", ".join(f"{value:g}" for value in found[:_SHOWN]) + ", ..." * (len(found) > _SHOWN)
        raise UserError(f"{path}: found the values {shown}, expected a binary mask of 0 and 1, or 0 and 255")
    return BinaryMask(known & (values != 0), known)


def mask_values(mask: BinaryMask, geotiff: bool) -> np.ndarray:
    """What a mask's file holds, (H, W) uint8: 0, 1 and 255 in a GeoTIFF; 0 and 255 in a PNG, which cannot say unknown."""
    if not geotiff:
        return np.where(mask.cloud, np.uint8(255), np.uint8(0))
    return np.where(mask.known, mask.cloud.astype(np.uint8), np.uint8(UNKNOWN))


def png_bytes(pixels: np.ndarray) -> bytes:
    """A PNG of (H, W) or (3, H, W) uint8; equal pixels give equal bytes."""
    image = Image.fromarray(np.ascontiguousarray(pixels if pixels.ndim == 2 else np.moveaxis(pixels, 0, -1)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()

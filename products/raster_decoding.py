"""Decoding of image files that GDAL cannot open, and the check that it does not make."""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PNG_TAIL = 4096  # bytes at the end of a file in which the last chunk must lie; some writers pad


def decode_whole(path: str | Path) -> tuple[str, np.ndarray, np.ndarray | None, bool]:
    """Decode an image file as a whole with tifffile (TIFF) or Pillow (all else).

    Returns:
        Name of the decoder, pixels (C, H, W), where they are data (H, W) bool or None for everywhere, and
        whether the bands are red, green, blue.

    Raises:
        ValueError: neither library can decode the file.
    """
    with Path(path).open("rb") as file:
        signature = file.read(4)
    if signature in TIFF_SIGNATURES:
        return ("tifffile", *_decode_tiff(path))
    return ("Pillow", *_decode_pillow(path))


def is_truncated_png(path: str | Path) -> bool:
    """True when a file begins as PNG and has no end chunk.

    Raises:
        OSError: the file cannot be opened.
    """
    with Path(path).open("rb") as file:
        if file.read(len(PNG_SIGNATURE)) != PNG_SIGNATURE:
            return False
        size = file.seek(0, 2)
        file.seek(max(0, size - PNG_TAIL))
        return PNG_END not in file.read()


def _decode_tiff(path: str | Path) -> tuple[np.ndarray, np.ndarray | None, bool]:
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            axes, pixels = series.axes, series.asarray()
            page = series.keyframe
            colour = page.photometric in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR)
    except Exception as error:  # tifffile and its codecs raise what they like on a broken file
        raise ValueError(f"tifffile: {error}") from error
    if pixels.ndim not in (2, 3):
        raise ValueError(f"tifffile: an image of shape {pixels.shape} is not one raster")
    if pixels.ndim == 2:
        pixels = pixels[None]
    elif axes.endswith("S"):
        pixels = np.moveaxis(pixels, -1, 0)
    return np.ascontiguousarray(pixels), None, colour and len(pixels) == 3


def _decode_pillow(path: str | Path) -> tuple[np.ndarray, np.ndarray | None, bool]:
    try:
        with Image.open(path) as opened:
            image: Image.Image = opened
            if opened.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
                image = opened.convert("RGBA" if "transparency" in opened.info else "RGB")
            elif opened.mode == "1":
                image = opened.convert("L")
            pixels, mode = np.asarray(image), image.mode
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"Pillow: {error}") from error
    pixels = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    mask = None
    if mode in ("RGBA", "LA"):
        pixels, mask = pixels[:-1], pixels[-1] > 0
    return np.ascontiguousarray(pixels), mask, len(pixels) == 3

"""Pixels without data: found, filled so that they cost few bits, stored exactly, put back."""

import math
import zlib

import numpy as np

from errors import UserError
from inference.sources import Source
from products.filling import FILL_MARGIN, fill
from products.specification import ImageSpecification
from products.window import Window

_NONE, _ALL, _SHARED, _PER_BAND = b"\x00", b"\x01", b"\x02", b"\x03"


def missing_pixels(pixels: np.ndarray, mask_value: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Where (C, h, w) pixels hold the nodata value, and where they are not finite; two bool arrays."""
    nodata = np.zeros(pixels.shape, bool)
    not_finite = np.zeros(pixels.shape, bool)
    if pixels.dtype.kind == "f":
        not_finite = ~np.isfinite(pixels)
    if mask_value is not None and not math.isnan(mask_value):
        nodata = pixels == mask_value
        not_finite &= ~nodata
    return nodata, not_finite


def encode_masks(nodata: np.ndarray, not_finite: np.ndarray) -> bytes:
    """Both masks (C, h, w) of a tile, without loss; nothing at all for a tile of valid pixels."""
    if not nodata.any() and not not_finite.any():
        return b""
    first = _encode_mask(nodata)
    return len(first).to_bytes(4, "little") + first + _encode_mask(not_finite)


def decode_masks(coded: bytes, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of `encode_masks` for a tile of `shape`.

    Raises:
        ValueError: the bytes are no masks of that shape.
    """
    if not coded:
        return np.zeros(shape, bool), np.zeros(shape, bool)
    end = 4 + int.from_bytes(coded[:4], "little")
    return _decode_mask(coded[4:end], shape), _decode_mask(coded[end:], shape)


def restore(pixels: np.ndarray, coded_masks: bytes, mask_value: float | None) -> np.ndarray:
    """Put missing pixels back into decoded ones (C, h, w), which are changed and returned.

    A valid pixel that was decoded to the very nodata value moves to the next number, so that nothing else
    than what was missing is missing.
    """
    if mask_value is not None and math.isfinite(mask_value):
        taken = pixels == mask_value
        if taken.any():
            pixels[taken] = _neighbour(mask_value, pixels.dtype)
    if coded_masks:
        shape = pixels.shape[0], pixels.shape[1], pixels.shape[2]
        nodata, not_finite = decode_masks(coded_masks, shape)
        if nodata.any():
            pixels[nodata] = mask_value
        if not_finite.any():
            pixels[not_finite] = np.nan
    return pixels


class FilledSource:
    """A scene as a model takes it: normalised float32, holes filled smoothly from their surroundings.

    The filling of a pixel depends on what lies within `FILL_MARGIN` pixels and not on the window that is
    read, so tiles agree.

    Args:
        source: digital numbers (C, H, W).
        specification: how they are normalised.
        mask_value: the nodata value, or None.
    """

    def __init__(self, source: Source, specification: ImageSpecification, mask_value: float | None) -> None:
        self.source, self.specification, self.mask_value = source, specification, mask_value

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        return self.source.shape

    @property
    def can_miss_pixels(self) -> bool:
        """False for integers without a nodata value."""
        return self.mask_value is not None or np.dtype(self.specification.dtype).kind == "f"

    def missing(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """`missing_pixels` of a window."""
        return missing_pixels(self.source.read(window), self.mask_value)

    def read(self, window: Window) -> np.ndarray:
        """Normalised pixels of the window, (C, h, w) float32, all finite."""
        pixels = self.source.read(window)
        if not self.can_miss_pixels:
            return self.specification.normalise(pixels)
        nodata, not_finite = missing_pixels(pixels, self.mask_value)
        if not (nodata.any() or not_finite.any()):
            return self.specification.normalise(pixels)
        wider = window.expand(FILL_MARGIN).clip(*self.shape[1:])
        pixels = self.source.read(wider)
        nodata, not_finite = missing_pixels(pixels, self.mask_value)
        filled = fill(self.specification.normalise(np.where(not_finite, 0, pixels)), ~(nodata | not_finite))
        rows, columns = window.inside(wider)
        return filled[:, rows, columns]


def _encode_mask(mask: np.ndarray) -> bytes:
    if not mask.any():
        return _NONE
    if mask.all():
        return _ALL
    if (mask == mask[:1]).all():
        return _SHARED + zlib.compress(np.packbits(mask[0]).tobytes(), 9)
    return _PER_BAND + zlib.compress(np.packbits(mask).tobytes(), 9)


def _decode_mask(coded: bytes, shape: tuple[int, int, int]) -> np.ndarray:
    kind = coded[:1]
    if kind in (_NONE, _ALL):
        return np.full(shape, kind == _ALL)
    if kind not in (_SHARED, _PER_BAND):
        raise ValueError(f"mask of unknown kind {kind!r}")
    stored = (1, *shape[1:]) if kind == _SHARED else shape
    size = -(-math.prod(stored) // 8)
    inflate = zlib.decompressobj()
    bits = inflate.decompress(coded[1:], size + 1)
    if len(bits) != size:
        raise ValueError(f"mask of {len(bits)} bytes, expected {size}")
    mask = np.unpackbits(np.frombuffer(bits, np.uint8), count=math.prod(stored)).astype(bool).reshape(stored)
    return np.broadcast_to(mask, shape)


def _neighbour(value: float, dtype: np.dtype) -> float:
    if dtype.kind == "f":
        return float(np.nextafter(dtype.type(value), dtype.type(np.inf)))
    return value + 1 if value < np.iinfo(dtype).max else value - 1


def checked_mask_value(value: float | None, dtype: str, name: str) -> float | None:
    """The nodata value if pixels of `dtype` can hold it, None if none can ever equal it.

    Raises:
        UserError: it is infinite.
    """
    if value is None or (math.isnan(value) and np.dtype(dtype).kind == "f"):
        return value
    if math.isinf(value):
        raise UserError(f"{name} declares {value} as nodata; expected a number or NaN")
    if np.dtype(dtype).kind == "f":
        return float(np.dtype(dtype).type(value))
    limits = np.iinfo(dtype)
    fits = not math.isnan(value) and value == int(value) and limits.min <= value <= limits.max
    return value if fits else None

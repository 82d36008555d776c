"""Wald's protocol: how an image would look to an instrument of coarser resolution."""

import math
from collections.abc import Sequence
from typing import overload

import numpy as np

from products.window import Window

_TRUNCATE = 4.0  # the Gaussian ends there, in standard deviations


@overload
def degrade(
    image: np.ndarray,
    factor: int,
    *,
    row_offset: float = ...,
    column_offset: float = ...,
    valid: None = ...,
) -> np.ndarray: ...


@overload
def degrade(
    image: np.ndarray,
    factor: int,
    *,
    row_offset: float = ...,
    column_offset: float = ...,
    valid: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]: ...


def degrade(
    image: np.ndarray,
    factor: int,
    *,
    row_offset: float = 0.0,
    column_offset: float = 0.0,
    valid: np.ndarray | None = None,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Blur an image and average blocks of it.

    Blur: Gaussian with a standard deviation of 1/`factor` pixels, cut off at 4 standard deviations, the image
    continued by mirroring (edges repeated). Then means over blocks of `factor` x `factor` pixels: block j covers the
    rows `[factor * j + row_offset, factor * (j + 1) + row_offset)`, border pixels by the part that lies inside.
    Blocks that reach beyond the end of the image are left out.

    Of images with holes, the means are over valid pixels, so that holes do not leak; a block without any is 0.

    Source: Lanaras et al. 2018, arXiv 1803.04271; DSen2 and satsr.

    Args:
        image: (C, h, w) numbers.
        factor: pixels of a block along a side.
        row_offset, column_offset: where the first block begins, pixels.
        valid: (C, h, w) bool: where the image is data; None = everywhere.

    Returns:
        (C, h', w') float32, and, where `valid` is given, (C, h', w') bool: the block lies inside the image and all
        its pixels are valid.

    Raises:
        ValueError: a factor below 1, or an image smaller than a block.
    """
    sizes = [
        block_count(size, factor, offset)
        for size, offset in zip(image.shape[1:], (row_offset, column_offset), strict=True)
    ]
    if factor < 1 or min(sizes) < 1:
        raise ValueError(f"an image of shape {image.shape} has no blocks of {factor} pixels")
    kernels = [_blur_and_box(factor, offset) for offset in (row_offset, column_offset)]
    pixels = image.astype(np.float32, copy=False)
    if valid is None:
        return _filter(pixels, factor, sizes, kernels)
    if valid.all() and min(row_offset, column_offset) >= 0:
        found = _filter(pixels, factor, sizes, kernels)
        return found, np.ones(found.shape, bool)
    covered = _covered(valid, factor, sizes, (row_offset, column_offset))
    # Masked by a choice and not by a product: what is not data may be NaN.
    total = _filter(np.where(valid, pixels, np.float32(0)), factor, sizes, kernels)
    weight = _filter(valid.astype(np.float32), factor, sizes, kernels)
    known = weight > np.finfo(np.float32).eps
    return np.where(known, total / np.where(known, weight, 1), np.float32(0)), covered


def block_count(size: int, factor: int, offset: float = 0.0) -> int:
    """Blocks along a side of `size` pixels; see `degrade`."""
    return math.floor((size - offset) / factor)


def source_window(
    window: Window,
    factor: int,
    shape: tuple[int, int],
    *,
    row_offset: float = 0.0,
    column_offset: float = 0.0,
) -> tuple[Window, float, float]:
    """What to read so that a window of a degraded image does not depend on the window.

    Args:
        window: of the degraded image, inside it.
        factor, row_offset, column_offset: of the whole image, see `degrade`.
        shape: rows and columns of the whole image.

    Returns:
        The window to read, and the offsets to degrade it with; the first `window.height` rows and `window.width`
        columns of the result are the window, equal to those of the whole image bit for bit.
    """
    edges = []
    for begin, length, offset, size in (
        (window.row, window.height, row_offset, shape[0]),
        (window.column, window.width, column_offset, shape[1]),
    ):
        first, kernel = _blur_and_box(factor, offset)
        low = max(0, factor * begin + first)
        high = min(size, factor * (begin + length - 1) + first + len(kernel))
        edges.append((low, high, factor * begin + offset - low))
    (top, bottom, row_offset), (left, right, column_offset) = edges
    return Window(top, left, bottom - top, right - left), row_offset, column_offset


def _blur_and_box(factor: int, offset: float) -> tuple[int, np.ndarray]:
    """Blur and mean in one: the first pixel that block 0 depends on, and the weights from there on; their sum is 1."""
    sigma = 1 / factor
    radius = int(_TRUNCATE * sigma + 0.5)
    gaussian = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    whole = math.floor(offset)
    part = offset - whole  # of the first pixel, what lies before the block
    box = np.ones(factor + (part > 0))
    box[0] -= part
    if part:
        box[-1] = part
    return whole - radius, np.convolve(box / factor, gaussian / gaussian.sum())


def _filter(
    pixels: np.ndarray, factor: int, sizes: Sequence[int], kernels: Sequence[tuple[int, np.ndarray]]
) -> np.ndarray:
    for axis, (count, (first, weights)) in enumerate(zip(sizes, kernels, strict=True), start=1):
        size = pixels.shape[axis]
        last = first + factor * (count - 1) + len(weights)
        cells = pixels
        if first < 0 or last > size:
            around = np.arange(first, last) % (2 * size)
            cells = pixels.take(np.minimum(around, 2 * size - 1 - around), axis)
        start = 0 if cells is not pixels else first
        end = factor * (count - 1) + 1
        total: np.ndarray | None = None
        for number, weight in enumerate(weights, start=start):
            cut = (*(slice(None),) * axis, slice(number, number + end, factor))
            part = cells[cut] * np.float32(weight)
            total = part if total is None else np.add(total, part, out=total)
        assert total is not None
        pixels = total
    return pixels


def _covered(
    valid: np.ndarray, factor: int, sizes: Sequence[int], offsets: tuple[float, float]
) -> np.ndarray:
    """Where all pixels that a block touches are there and valid."""
    for axis, (count, offset) in enumerate(zip(sizes, offsets, strict=True), start=1):
        whole = math.floor(offset)
        inside: np.ndarray | None = None
        before, after = max(0, -whole), max(0, whole + factor * count + (offset > whole) - valid.shape[axis])
        padding = [(0, 0)] * 3
        padding[axis] = (before, after)
        cells = np.pad(valid, padding) if before or after else valid
        for number in range(factor + (offset > whole)):
            start = whole + before + number
            cut = (*(slice(None),) * axis, slice(start, start + factor * (count - 1) + 1, factor))
            inside = cells[cut].copy() if inside is None else np.logical_and(inside, cells[cut], out=inside)
        assert inside is not None
        valid = inside
    return valid

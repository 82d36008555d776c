"""Coarse bands brought onto a finer grid: bilinear or bicubic, at the fine pixels' centres, the same by tiles as whole."""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from products.grid import GridRelation
from products.window import Window

Order = Literal["bilinear", "bicubic"]
_TAPS: dict[str, int] = {"bilinear": 2, "bicubic": 4}
_KEYS_A = -0.5  # Keys' cubic convolution as image-resizing tools have it


def upsample(
    coarse: np.ndarray,
    relation: GridRelation,
    coarse_window: Window,
    fine_window: Window,
    *,
    order: Order = "bilinear",
) -> np.ndarray:
    """Values of a coarse image at the centres of the pixels of `fine_window`.

    Beyond the cells that are given, bilinear repeats the edge value (as torch's `interpolate` with
    `align_corners=False` does) and bicubic (Keys, a = -0.5) mirrors the image with its edge repeated. Give the cells
    that `coarse_window_for` names, and the values of a pixel are the same, bit for bit, in every window that holds it.

    Args:
        coarse: (C, h, w) numbers: the cells of `coarse_window`.
        relation: how the coarse grid lies on the fine one.
        coarse_window: where the cells lie on the coarse grid.
        fine_window: what is wanted, on the fine grid; it may reach beyond the coarse image.
        order: `bilinear` or `bicubic`.

    Returns:
        (C, H, W) float32.

    Raises:
        ValueError: `coarse` has not the shape of `coarse_window`, or no cells.
    """
    if coarse.shape[1:] != (coarse_window.height, coarse_window.width) or 0 in coarse.shape:
        raise ValueError(f"cells of shape {coarse.shape} for the window {coarse_window}")
    pixels = coarse.astype(np.float32, copy=False)
    first, rows = coarse_window.row, (fine_window.row, fine_window.height)
    pixels = _along(pixels, 1, first, relation.factor, relation.row_offset, rows, order)
    first, columns = coarse_window.column, (fine_window.column, fine_window.width)
    return _along(pixels, 2, first, relation.factor, relation.column_offset, columns, order)


def coarse_window_for(
    fine_window: Window, relation: GridRelation, coarse_shape: tuple[int, int], order: Order = "bilinear"
) -> Window:
    """The cells of a coarse image of `coarse_shape` (rows, columns) that decide the values in `fine_window`."""
    edges = []
    for begin, length, offset, size in (
        (fine_window.row, fine_window.height, relation.row_offset, coarse_shape[0]),
        (fine_window.column, fine_window.width, relation.column_offset, coarse_shape[1]),
    ):
        first, last = _reach(begin, length, relation.factor, offset, order)
        cells = _inside(np.arange(first, last + 1), size, order)
        edges.append((int(cells.min()), int(cells.max()) + 1))
    (top, bottom), (left, right) = edges
    return Window(top, left, bottom - top, right - left)


def _along(
    pixels: np.ndarray,
    axis: int,
    first_cell: int,
    factor: int,
    offset: float,
    wanted: tuple[int, int],
    order: Order,
) -> np.ndarray:
    """One axis brought onto the fine grid. Pixels of one phase (number modulo factor) share their weights."""
    begin, length = wanted
    first, last = _reach(begin, length, factor, offset, order)
    size = pixels.shape[axis]
    if first >= first_cell and last < first_cell + size:
        cells = pixels[_slices(axis, slice(first - first_cell, last + 1 - first_cell))]
    else:
        cells = pixels.take(_inside(np.arange(first, last + 1) - first_cell, size, order), axis)
    result = np.empty((*pixels.shape[:axis], length, *pixels.shape[axis + 1 :]), np.float32)
    for place in range(min(factor, length)):
        count = -(-(length - place) // factor)
        cell, weights = _taps(begin + place, factor, offset, order)
        total: np.ndarray | None = None
        for number, weight in enumerate(weights):
            start = cell + number - first
            part = cells[_slices(axis, slice(start, start + count))] * np.float32(weight)
            total = part if total is None else np.add(total, part, out=total)
        result[_slices(axis, slice(place, None, factor))] = total
    return result


def _taps(pixel: int, factor: int, offset: float, order: Order) -> tuple[int, list[float]]:
    """The first of the cells that decide a fine pixel, and their weights."""
    turn, phase = divmod(pixel, factor)  # weights of the phase, so that they do not depend on the window
    centre = (phase + 0.5 - offset) / factor - 0.5
    cell = math.floor(centre)
    taps, kernel = _TAPS[order], _KERNELS[order]
    first = cell - taps // 2 + 1
    return first + turn, [kernel(abs(centre - first - number)) for number in range(taps)]


def _reach(begin: int, length: int, factor: int, offset: float, order: Order) -> tuple[int, int]:
    """First and last cell that decide `length` fine pixels from `begin` on."""
    first, _ = _taps(begin, factor, offset, order)
    last, weights = _taps(begin + max(length, 1) - 1, factor, offset, order)
    return first, last + len(weights) - 1


def _inside(cells: np.ndarray, size: int, order: Order) -> np.ndarray:
    """Numbers of cells with those beyond an image of `size` cells replaced: the nearest, or the mirrored ones."""
    if order == "bilinear":
        return np.clip(cells, 0, size - 1)
    around = cells % (2 * size)
    return np.minimum(around, 2 * size - 1 - around)


def _triangle(distance: float) -> float:
    return max(0.0, 1.0 - distance)


def _cubic(distance: float) -> float:
    """Keys 1981: "Cubic convolution interpolation for digital image processing"."""
    a, x = _KEYS_A, distance
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


_KERNELS: dict[str, Callable[[float], float]] = {"bilinear": _triangle, "bicubic": _cubic}


def _slices(axis: int, cut: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, cut)

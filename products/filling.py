"""Pixels without data replaced by what lies around them, so that filters and networks see nothing foreign."""

import numpy as np
from scipy.ndimage import uniform_filter

from products.product import Product
from products.window import Window

# Box radii in pixels of the averages that a hole is filled from, and how much less each wider one counts.
_RADII, _DECAY = (1, 4, 12, 36), 1e-2
FILL_MARGIN = max(_RADII)


def fill(pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Pixels with the invalid ones replaced from the valid ones around them.

    Weighted mean of the valid pixels around: boxes of growing size, each wider one counting much less, so the nearest
    decide where there are any; far from all of them 0. A pixel depends on what lies within `FILL_MARGIN` pixels and
    not on the window that was read, so tiles that were read with that margin agree.

    Args:
        pixels: (C, h, w) float32; of invalid pixels any value, NaN too.
        valid: (C, h, w) bool.

    Returns:
        (C, h, w) float32; `pixels` itself where all are valid.
    """
    holed = np.flatnonzero(~valid.all((1, 2)))
    if not len(holed):
        return pixels
    filled = pixels.copy()
    for band in holed:
        hole = ~valid[band]
        filled[band][hole] = _average(np.where(hole, 0, pixels[band]).astype(np.float64), ~hole)[hole]
    return filled


def read_filled(
    product: Product, ground_sample_distance_m: int, window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """Harmonised digital numbers of a window with the holes filled as in the whole product.

    Returns:
        (C, h, w) float32, and (C, h, w) bool: where it is data.

    Raises:
        UserError: the file is damaged there.
    """
    pixels, valid = product.read_harmonised(ground_sample_distance_m, window)
    if valid.all():
        return pixels, valid
    wider = window.expand(FILL_MARGIN).clip(*product.grids[ground_sample_distance_m].shape)
    around, known = product.read_harmonised(ground_sample_distance_m, wider)
    rows, columns = window.inside(wider)
    return fill(around, known)[:, rows, columns], valid


def _average(kept: np.ndarray, valid: np.ndarray) -> np.ndarray:
    weights = valid.astype(np.float64)
    total, norm = np.zeros_like(kept), np.full(kept.shape, _DECAY ** len(_RADII))
    for order, radius in enumerate(_RADII):
        total += _DECAY**order * uniform_filter(kept, 2 * radius + 1, mode="constant")
        norm += _DECAY**order * uniform_filter(weights, 2 * radius + 1, mode="constant")
    mean: np.ndarray = total / norm
    return mean

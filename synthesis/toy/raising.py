"""Images on a finer grid: bicubic interpolation that keeps to the pixels that have data."""

from functools import lru_cache

import numpy as np

from synthesis.toy.derivation.separable import cubic

ENOUGH = 0.5  # weight of a pixel's neighbours with data from which its value is told


@lru_cache(maxsize=16)
def cubic_weights(coarse: int, fine: int) -> np.ndarray:
    """Weights (fine, coarse) float32 of bicubic interpolation along one axis; each row sums to 1.

    Both grids cover the same ground, pixels are areas (centres at half pixels), edges are repeated.
    """
    return cubic((np.arange(fine) + 0.5) * coarse / fine - 0.5, coarse).toarray()


def raise_to(image: np.ndarray, shape: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    """A part of an image on a finer grid.

    Args:
        image: (C, h, w) float32; NaN = no data.
        shape: (H, W) of the finer grid of the same ground.
        rows, columns: the part of the finer grid.

    Returns:
        (C, len(rows), len(columns)) float32, NaN where less than half of a pixel's neighbourhood has data.
    """
    down = cubic_weights(image.shape[1], shape[0])[rows]
    across = cubic_weights(image.shape[2], shape[1])[columns].T
    there = np.isfinite(image)
    if there.all():
        return down @ image @ across
    raised = down @ np.where(there, image, np.float32(0)) @ across
    weight = down @ there.astype(np.float32) @ across
    return np.where(weight >= ENOUGH, raised / np.maximum(weight, ENOUGH), np.float32(np.nan))

"""The universal image quality index, as sums over windows that can be pooled over any number of images."""

import numpy as np

# Wang & Bovik, "A universal image quality index", IEEE Signal Processing Letters 9(3), 2002: windows of 8 x 8 pixels.
# Super-resolution of Sentinel-2 is published with windows 4 pixels apart.
WINDOW_SIZE = 8
STEP = WINDOW_SIZE // 2
# Of the sum of squares: variances below are rounding errors of float64 sums.
_ROUNDING = 1e-13


def quality_sum(reference: np.ndarray, test: np.ndarray, valid: np.ndarray) -> tuple[float, int]:
    """Sum of the quality index over the windows of one band, and how many windows there are.

    Windows of 8 x 8 pixels begin at every fourth row and column; only those that hold valid pixels alone count.
    The index of a window is `4 cov(x, y) mean(x) mean(y) / ((var(x) + var(y)) (mean(x)^2 + mean(y)^2))`, in
    [-1, 1]; where both are flat it is `2 mean(x) mean(y) / (mean(x)^2 + mean(y)^2)`, and 1 where both are zero.

    Args:
        reference, test: `(H, W)`, any real type.
        valid: `(H, W)` bool.

    Returns:
        `(sum, windows)`; the sum is NaN where the test image is not finite in a window that counts.
    """
    inside = _window_sums(valid.astype(np.int64)) == WINDOW_SIZE**2
    windows = int(inside.sum())
    if not windows:
        return 0.0, 0
    x, y = reference.astype(np.float64), test.astype(np.float64)
    if not valid.all():
        x, y = np.where(valid, x, 0.0), np.where(valid, y, 0.0)
    sum_x, sum_y, sum_xx, sum_yy, sum_xy = (
        _window_sums(image)[inside] for image in (x, y, x * x, y * y, x * y)
    )
    count = WINDOW_SIZE**2
    product, squares = sum_x * sum_y, sum_x**2 + sum_y**2
    total = count * (sum_xx + sum_yy)
    variances, covariance = total - squares, count * sum_xy - product
    index = np.ones(windows)
    flat = variances <= _ROUNDING * total
    lit = squares > 0
    index[flat & lit] = 2 * product[flat & lit] / squares[flat & lit]
    index[~flat] = 4 * covariance[~flat] * product[~flat] / (variances[~flat] * squares[~flat])
    return float(index.sum()), windows


def _window_sums(image: np.ndarray) -> np.ndarray:
    """Sums over the windows of `(H, W)`: `(H // 4 - 1, W // 4 - 1)`, empty where none fits."""
    height, width = image.shape[0] // STEP * STEP, image.shape[1] // STEP * STEP
    if min(height, width) < WINDOW_SIZE:
        return np.zeros((0, 0), image.dtype)
    rows = np.add.reduce([image[start:height:STEP, :width] for start in range(STEP)])
    blocks: np.ndarray = np.add.reduce([rows[:, start::STEP] for start in range(STEP)])
    halves = blocks[:-1] + blocks[1:]
    return np.asarray(halves[:, :-1] + halves[:, 1:])

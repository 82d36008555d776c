"""Values known on the tie points of an SLSTR product (16 km across, 1 km along track), brought to an image grid."""

import numpy as np


def extended(values: np.ndarray, reach: int) -> np.ndarray:
    """Tie points without a value continued linearly from their neighbours, by at most `reach` points.

    Cells of an image between the last known tie point and its edge are covered by this; nothing overshoots, since no
    curve is fitted. Cells further away stay unknown.

    Args:
        values: (..., h, w) floating, NaN where unknown.
        reach: how many points in each direction.

    Returns:
        The same shape; known values are kept bit for bit.
    """
    values = values.copy()
    for _ in range(reach):
        if not np.isnan(values).any():
            break
        for axis in (-1, -2):
            guesses = np.stack([_continued(values, axis, step) for step in (1, -1)])
            known = ~np.isnan(guesses)
            total = np.where(known, guesses, 0).sum(0)
            count = known.sum(0)
            fillable = np.isnan(values) & (count > 0)
            values[fillable] = total[fillable] / count[fillable]
    return values


def _continued(values: np.ndarray, axis: int, step: int) -> np.ndarray:
    """What a straight line through the two neighbours before each point says; NaN where they are not known."""
    moved = np.moveaxis(values, axis, -1)[..., ::step]
    guess = np.full_like(moved, np.nan)
    if moved.shape[-1] > 2:
        guess[..., 2:] = 2 * moved[..., 1:-1] - moved[..., :-2]
    return np.moveaxis(guess[..., ::step], -1, axis)


def interpolated(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, dtype: type[np.floating] = np.float32
) -> np.ndarray:
    """Bilinear interpolation on a grid of rows and columns.

    Positions up to one tie point outside continue the outermost cell; beyond, and where a needed tie point is not
    known, the result is NaN.

    Args:
        values: (h, w) on the tie points.
        rows, columns: (H,) and (W,) positions among the tie points.
        dtype: of the result and of the work along columns.

    Returns:
        (H, W) of `dtype`.
    """
    row, row_weight = _cell(rows, values.shape[0])
    column, column_weight = _cell(columns, values.shape[1])
    along = _mixed(values.astype(np.float64), row, row_weight[:, None], 0).astype(dtype)
    return _mixed(along, column, column_weight.astype(dtype), 1)


def _cell(positions: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    below = np.clip(np.floor(positions), 0, max(size - 2, 0)).astype(np.int64)
    below[positions == size - 1] = size - 1
    weight = positions - below
    return below, np.where((weight < -1) | (weight > 2), np.nan, weight)


def _mixed(values: np.ndarray, below: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    low = values.take(below, axis)
    high = values.take(np.minimum(below + 1, values.shape[axis] - 1), axis)
    high -= low
    # A tie point on which a line falls exactly needs no second one, which may be unknown.
    exact = weight == 0
    high *= weight
    if exact.any():
        np.copyto(high, 0, where=exact)
    low += high
    return low

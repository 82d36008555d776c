"""Weighted means over overlapping windows, in memory that half a row of windows needs."""

from itertools import pairwise

import numpy as np

from inference.blend_grid import WEIGHTINGS, BlendGrid
from inference.sinks import Sink
from products.window import Window


class WeightedMeans:
    """Sums of windows that come in the order of a grid; a pixel goes to the sink with the last window that holds it.

    There are sums of the window at hand, and of the rows that windows further down will change.

    Args:
        grid: the windows.
        weighting: a key of `WEIGHTINGS`.
        sink: takes finished blocks.
        dtype: of the blocks; means are rounded to integers and cut to their range.
    """

    def __init__(self, grid: BlendGrid, weighting: str, sink: Sink, dtype: str) -> None:
        self.grid, self.sink, self.dtype = grid, sink, np.dtype(dtype)
        rows, columns = grid.rows, grid.columns
        weights = [WEIGHTINGS[weighting](axis.size) for axis in (rows, columns)]
        self._weights = np.multiply.outer(*weights)
        self._totals = [axis.total(weight) for axis, weight in zip((rows, columns), weights, strict=True)]
        # Of each window the rows, or columns, that no window after it holds.
        self._row_steps, self._column_steps = rows.steps(), columns.steps()
        self._before = {right: left for left, right in pairwise(columns.starts)}
        self._shared = rows.size - min(self._row_steps.values())
        self._number = 0
        self._sums = self._below = np.empty((0, 0, 0))

    def add(self, window: Window, output: np.ndarray) -> None:
        """Add what the model says of a window, (C, h, w), and write what is finished."""
        if not self._number:
            rows, columns = self.grid.rows, self.grid.columns
            self._sums = np.zeros((len(output), rows.size, columns.size))
            self._below = np.zeros((len(output), self._shared, columns.reached))
        self._number += 1
        self._move_to(window)
        for number, cells in enumerate(output):
            self._sums[number] += cells * self._weights
        self._finish(window)

    def _move_to(self, window: Window) -> None:
        """Let the sums be those of this window so far."""
        first = window.column - self.grid.columns.starts[0]
        known = 0
        if first:
            step = window.column - self._before[window.column]
            known = window.width - step
            for number in range(len(self._sums)):  # one by one: numpy copies what overlaps
                self._sums[number, :, :known] = self._sums[number, :, step:]
        entering = slice(first + known, first + window.width)
        self._sums[:, : self._shared, known:] = self._below[:, :, entering]
        self._sums[:, self._shared :, known:] = 0

    def _finish(self, window: Window) -> None:
        """Write the cells that no window after this one holds, and keep those that windows further down do."""
        height, width = self._row_steps[window.row], self._column_steps[window.column]
        row, column = window.row - self.grid.rows.starts[0], window.column - self.grid.columns.starts[0]
        leaving = slice(column, column + width)
        below = self._below[:, :, leaving]
        below[:, : window.height - height] = self._sums[:, height:, :width]
        below[:, window.height - height :] = 0
        block = Window(window.row, window.column, height, width)
        inner = block.clip(self.grid.rows.length, self.grid.columns.length)
        if not inner.height or not inner.width:
            return
        means = self._sums[:, :height, :width] / self._totals[0][row : row + height, None]
        means /= self._totals[1][leaving]
        self.sink.write(inner, _as_type(means[:, *inner.inside(block)], self.dtype))


def _as_type(means: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind not in "iu":
        return means.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.rint(means).clip(limits.min, limits.max).astype(dtype)

"""Mode `blend` of the streaming engine: overlapping windows, averaged with weights, over a scene of any size.

Each pixel of the result is the weighted mean of what the windows say that it lies in. Sums are kept in float64 and
divided by the sum of the weights, so there is no hole at the last strip, and a model that gives back its input gives
back its input: integers and float32 bit for bit, once rounded to their type. Memory holds one row of windows.
"""

from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from typing import Protocol

import numpy as np

from inference.blend_grid import WEIGHTINGS, BlendGrid
from inference.blend_reading import ReadOnce, batches
from inference.engine import with_progress
from inference.sinks import Sink
from inference.sources import Source
from products.window import Window

_READ_SIZE = 256  # cells a side that are read at a time, where windows do not step further


class BatchFunction(Protocol):
    """A model on several windows at once.

    Given the cells of windows, (B, C, h, w), and where they lie (parts may be outside of the scene), it returns
    (B, C', h, w): anything whose weighted mean means something.
    """

    def __call__(self, array: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
        """Run the model."""


def blend(
    source: Source,
    function: BatchFunction,
    sink: Sink,
    *,
    window_size: int = 512,
    overlap: float = 0.5,
    weighting: str = "spline",
    border: str = "reflect",
    batch_size: int = 1,
    prefetch: bool = True,
    dtype: str = "float64",
    progress: str = "",
) -> int:
    """Run a model over a scene in `blend` mode.

    Args:
        source: the scene, (C, H, W), of any size.
        function: the model.
        sink: takes strips of the means, (C', h, W), from top to bottom; its own number of bands is its affair. Strips
            of float64 are only lent: the sink copies what it keeps.
        window_size: pixels a side.
        overlap: share of a window, on each axis, that the next one covers too.
        weighting: a key of `WEIGHTINGS`: how much the pixels of a window count.
        border: `reflect`: windows go on beyond the scene, which is mirrored there, and every pixel is in equally many;
            `inside`: they do not, and are smaller where the scene is.
        batch_size: windows that the model gets at once.
        prefetch: whether to read the next windows in a thread of its own while some are computed.
        dtype: what the sink gets; means are rounded to integers and cut to their range.
        progress: what the progress bar says; none when empty.

    Returns:
        The number of windows.

    Raises:
        ValueError: an impossible argument, or a sink of another size.
    """
    _, height, width = source.shape
    if sink.shape[1:] != (height, width):
        raise ValueError(f"the sink is {sink.shape[1:]}, expected {(height, width)}")
    if weighting not in WEIGHTINGS or batch_size < 1 or height < 1 or width < 1:
        raise ValueError(
            f"weighting={weighting} batch_size={batch_size} on {height} x {width}: expected one of "
            f"{', '.join(WEIGHTINGS)}, and at least 1"
        )
    grid = BlendGrid.over((height, width), window_size, overlap, border)
    windows = grid.windows()
    means = WeightedMeans(grid, weighting, sink, dtype)
    step = max((below - row for row, below in pairwise(grid.rows.starts)), default=0)
    reader = ReadOnce(source, grid, max(step, _READ_SIZE))
    shown = with_progress(windows, len(windows), progress)
    # Closed here and now when something fails: the source may be closed next, and nothing may still be read from it.
    with closing(batches(reader, windows, batch_size, prefetch)) as stream:
        for group, cells in stream:
            for window, output in zip(group, function(cells, group), strict=True):
                means.add(window, output)
                next(shown)
            del cells
    next(shown, None)  # the bar goes
    return len(windows)


class WeightedMeans:
    """Sums of a row of windows, whose finished rows go to a sink.

    Args:
        grid: the windows, which come in its order.
        weighting: a key of `WEIGHTINGS`.
        sink: takes finished strips.
        dtype: of the strips.
    """

    def __init__(self, grid: BlendGrid, weighting: str, sink: Sink, dtype: str) -> None:
        self.grid, self.sink, self.dtype = grid, sink, np.dtype(dtype)
        weights = [WEIGHTINGS[weighting](axis.size) for axis in (grid.rows, grid.columns)]
        self._weights = np.multiply.outer(*weights)
        self._totals = [
            axis.total(weight) for axis, weight in zip((grid.rows, grid.columns), weights, strict=True)
        ]
        starts = grid.rows.starts
        self._next = {start: grid.rows.inside(following)[0] for start, following in pairwise(starts)}
        self._top = 0  # row of the scene that is the first of the sums
        self._sums: np.ndarray | None = None

    def add(self, window: Window, output: np.ndarray) -> None:
        """Add what the model says of a window, (C', h, w); after the last of a row of windows, write what is finished."""
        top, bottom = self.grid.rows.inside(window.row)
        left, right = self.grid.columns.inside(window.column)
        if self._sums is None:
            rows = min(self.grid.rows.size, self.grid.rows.length)
            self._sums = np.zeros((len(output), rows, self.grid.columns.length))
        cut = Window(top, left, bottom - top, right - left).inside(window)
        weights = self._weights[cut]
        place = slice(top - self._top, bottom - self._top), slice(left, right)
        for sums, cells in zip(self._sums, output, strict=True):
            sums[place] += cells[cut] * weights
        if window.column == self.grid.columns.starts[-1]:
            self._finish(self._next.get(window.row, self.grid.rows.length))

    def _finish(self, row: int) -> None:
        """Write the rows above `row`, which no window will change any more, and make room for as many below."""
        count = row - self._top
        if not count:
            return
        assert self._sums is not None
        strip = self._sums[:, :count]
        strip /= self._totals[0][self._top : row, None]
        strip /= self._totals[1]
        self.sink.write(Window(self._top, 0, count, strip.shape[2]), _as_type(strip, self.dtype))
        self._top = row
        for plane in self._sums:  # one by one: numpy copies what overlaps
            plane[:-count] = plane[count:].copy()
            plane[-count:] = 0


def _as_type(means: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind not in "iu":
        return means.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.rint(means).clip(limits.min, limits.max).astype(dtype)

"""Overlapping windows of a scene, of which each pixel is read once."""

import mmap
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from inference.blend_grid import BlendGrid
from inference.sources import Source
from inference.windows import TileGrid
from products.window import Window

Batch = tuple[list[Window], np.ndarray]


class ReadOnce:
    """Gives the windows of a grid, in its order; what they share is kept until the last of them had it.

    Beyond its ends the scene is reflected. Memory holds the rows of tiles that a row of windows touches.

    Args:
        source: the scene.
        grid: the windows that will be asked for, each once.
        tile_size: cells a side that are read at a time.
    """

    def __init__(self, source: Source, grid: BlendGrid, tile_size: int) -> None:
        self.source, self.grid = source, grid
        self._tiles = TileGrid(*source.shape[1:], tile_size)
        self._kept: dict[int, np.ndarray] = {}
        self._wanted = Counter(index for window in grid.windows() for index in self._touched(window))

    def read(self, window: Window) -> np.ndarray:
        """The cells of a window, (C, window.height, window.width), in the source's type."""
        shown = self._shown(window)
        cells = self._assembled(window, shown)
        for axis, indices, first in (
            (1, self.grid.rows.indices(window.row), shown.row),
            (2, self.grid.columns.indices(window.column), shown.column),
        ):
            if (
                cells.shape[axis] != len(indices)
                or indices[0] != first
                or indices[-1] - first + 1 != len(indices)
            ):
                cells = cells.take(indices - first, axis=axis)
        return cells

    def _assembled(self, window: Window, shown: Window) -> np.ndarray:
        cells: np.ndarray | None = None
        for index in self._touched(window):
            tile, place = self._tile(index), self._tiles.tile(index)
            if cells is None:
                cells = np.empty((len(tile), shown.height, shown.width), tile.dtype)
            row, column = max(place.row, shown.row), max(place.column, shown.column)
            height = min(place.bottom, shown.bottom) - row
            width = min(place.right, shown.right) - column
            shared = Window(row, column, height, width)
            cells[:, *shared.inside(shown)] = tile[:, *shared.inside(place)]
            self._wanted[index] -= 1
            if not self._wanted[index]:
                del self._kept[index], self._wanted[index]
        assert cells is not None
        return cells

    def _tile(self, index: int) -> np.ndarray:
        if index not in self._kept:
            self._kept[index] = _apart(self.source.read(self._tiles.tile(index)))
        return self._kept[index]

    def _shown(self, window: Window) -> Window:
        """The part of the scene that a window shows, mirrored cells included."""
        top, bottom = self.grid.rows.reach(window.row)
        left, right = self.grid.columns.reach(window.column)
        return Window(top, left, bottom - top, right - left)

    def _touched(self, window: Window) -> Iterator[int]:
        return self._tiles.touching(self._shown(window))


def _apart(array: np.ndarray) -> np.ndarray:
    """A copy in memory of its own, which the system has back at once: in the heap, gaps among short-lived arrays stay."""
    copy = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype).reshape(array.shape)
    copy[:] = array
    return copy


def batches(
    reader: ReadOnce, windows: Sequence[Window], batch_size: int, prefetch: bool
) -> Generator[Batch, None, None]:
    """The windows, `batch_size` at a time, with their cells (B, C, h, w); reading may run one batch ahead.

    A generator to be closed: nothing is read any more after that.
    """
    groups = [list(windows[first : first + batch_size]) for first in range(0, len(windows), batch_size)]
    if not prefetch:
        for group in groups:
            yield group, _stacked(reader, group)
        return
    # One thread: a scene is read by no two at once, and no more than one batch waits.
    with ThreadPoolExecutor(1, "prefetch") as executor:
        ahead = executor.submit(_stacked, reader, groups[0])
        for number, group in enumerate(groups, start=1):
            cells = ahead.result()
            if number < len(groups):
                ahead = executor.submit(_stacked, reader, groups[number])
            yield group, cells
            del cells


def _stacked(reader: ReadOnce, windows: Sequence[Window]) -> np.ndarray:
    if len(windows) == 1:
        return reader.read(windows[0])[None]
    return np.stack([reader.read(window) for window in windows])

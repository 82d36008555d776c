"""Windows of the areas of a set: a grid that covers each pixel once, and random positions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from datamodules.segmentation_ground import within
from datamodules.segmentation_split import Part
from products.window import Window


class Area(NamedTuple):
    """A rectangle that a set may read: the number of its scene, and the rectangle."""

    scene: int
    window: Window


class Placed(NamedTuple):
    """A window: the number of its area, and where in the scene it lies."""

    area: int
    window: Window


def areas_of(parts: Sequence[Part]) -> list[Area]:
    """All rectangles of a set, scene by scene."""
    return [Area(part.scene, window) for part in parts for window in part.areas]


class WindowGrid(Sequence[Placed]):
    """Windows that cover every pixel of some areas once, row by row; the last of a row or column may be smaller.

    They are counted, not listed: a thousand scenes take no memory.

    Args:
        areas: what to cover.
        size: side of a window, pixels.
        smallest: narrower windows at the end of an area are left out, unless they are all there is.
    """

    def __init__(self, areas: Sequence[Area], size: int, smallest: int = 1) -> None:
        self.areas, self.size = list(areas), size
        self._columns = np.array([_count(area.window.width, size, smallest) for area in areas], np.int64)
        rows = np.array([_count(area.window.height, size, smallest) for area in areas], np.int64)
        self._ends = np.cumsum(rows * self._columns)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, number):  # type: ignore[no-untyped-def]
        if not 0 <= number < len(self):
            raise IndexError(number)
        area = int(np.searchsorted(self._ends, number, side="right"))
        number -= int(self._ends[area - 1]) if area else 0
        row, column = divmod(number, int(self._columns[area]))
        outer = self.areas[area].window
        top, left = outer.row + row * self.size, outer.column + column * self.size
        height, width = min(self.size, outer.bottom - top), min(self.size, outer.right - left)
        return Placed(area, Window(top, left, height, width))

    def number(self, area: Area) -> int | None:
        """The number of a window of the grid; None where it is none."""
        for index, own in enumerate(self.areas):
            if own.scene != area.scene or not within(area.window, own.window):
                continue
            row, off_row = divmod(area.window.row - own.window.row, self.size)
            column, off_column = divmod(area.window.column - own.window.column, self.size)
            first = int(self._ends[index - 1]) if index else 0
            number = first + row * int(self._columns[index]) + column
            if not off_row and not off_column and number < len(self) and self[number].window == area.window:
                return number
        return None


def _count(length: int, size: int, smallest: int) -> int:
    whole, rest = divmod(length, size)
    return whole + (rest >= smallest) if whole else 1


def random_window(area: Window, size: int, generator: np.random.Generator) -> Window:
    """A window of `size`, anywhere in an area with equal chance; of an area that is smaller: all of that side."""
    height, width = min(size, area.height), min(size, area.width)
    row = int(generator.integers(area.height - height + 1))
    column = int(generator.integers(area.width - width + 1))
    return Window(area.row + row, area.column + column, height, width)


def window_around(cell: Window, area: Window, size: int, generator: np.random.Generator) -> Window:
    """A window of `size` that holds a cell of an area, or lies in it, at a random place; smaller in smaller areas."""
    height, width = min(size, area.height), min(size, area.width)
    row = _start(cell.row, cell.bottom, area.row, area.bottom, height, generator)
    column = _start(cell.column, cell.right, area.column, area.right, width, generator)
    return Window(row, column, height, width)


def _start(first: int, end: int, least: int, most: int, length: int, generator: np.random.Generator) -> int:
    low, high = sorted((first, end - length))
    low, high = max(low, least), min(high, most - length)
    return int(generator.integers(low, high + 1)) if high > low else min(max(low, least), most - length)

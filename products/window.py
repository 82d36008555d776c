"""A rectangle of a pixel grid."""

from fractions import Fraction
from typing import NamedTuple


class Window(NamedTuple):
    """A rectangle of a grid: first row and column, height and width, all in cells (pixels) of that grid.

    A window may reach beyond the grid (negative rows or columns); `clip` cuts it back. As text it is
    `row,column,height,width`.
    """

    row: int
    column: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.row},{self.column},{self.height},{self.width}"

    @property
    def bottom(self) -> int:
        """First row below the window."""
        return self.row + self.height

    @property
    def right(self) -> int:
        """First column to the right of the window."""
        return self.column + self.width

    def expand(self, margin: int) -> "Window":
        """The window grown by `margin` cells on every side."""
        return Window(
            self.row - margin, self.column - margin, self.height + 2 * margin, self.width + 2 * margin
        )

    def clip(self, height: int, width: int) -> "Window":
        """The part of the window inside a grid of `height` x `width`; empty windows have size 0."""
        row, column = min(max(self.row, 0), height), min(max(self.column, 0), width)
        bottom, right = min(max(self.bottom, row), height), min(max(self.right, column), width)
        return Window(row, column, bottom - row, right - column)

    def scale(self, ratio: Fraction | int) -> "Window":
        """The same rectangle on a grid that has `ratio` cells for each cell of this one.

        Raises:
            ValueError: an edge does not fall on the other grid's lines.
        """
        edges = [Fraction(edge) * ratio for edge in (self.row, self.column, self.height, self.width)]
        if any(edge.denominator != 1 for edge in edges):
            raise ValueError(f"{self} has no counterpart on a grid {ratio} times as fine")
        return Window(*(int(edge) for edge in edges))

    def inside(self, outer: "Window") -> tuple[slice, slice]:
        """Slices that cut this window out of an array that holds `outer`."""
        row, column = self.row - outer.row, self.column - outer.column
        return slice(row, row + self.height), slice(column, column + self.width)

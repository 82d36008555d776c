"""Rectangles of a pixel grid, and how a scene is cut into them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, order=True)
class Window:
    """A rectangle of a grid: first row and column, height and width, all in cells of that grid.

    A window may reach beyond the grid (negative rows or columns); `clip` cuts it back.
    """

    row: int
    column: int
    height: int
    width: int

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


@dataclass(frozen=True)
class TileGrid:
    """A scene of `height` x `width` cells cut into squares of `tile_size`, the last ones smaller.

    Tiles are numbered row by row from the upper left.
    """

    height: int
    width: int
    tile_size: int

    @property
    def rows(self) -> int:
        """Number of rows of tiles."""
        return -(-self.height // self.tile_size)

    @property
    def columns(self) -> int:
        """Number of columns of tiles."""
        return -(-self.width // self.tile_size)

    def __len__(self) -> int:
        return self.rows * self.columns

    def tile(self, index: int) -> Window:
        """The tile of that number."""
        row, column = divmod(index, self.columns)
        size = self.tile_size
        return Window(row * size, column * size, size, size).clip(self.height, self.width)

    def __iter__(self) -> Iterator[Window]:
        return (self.tile(index) for index in range(len(self)))

    def index(self, window: Window) -> int:
        """Number of the tile that holds the window's upper left cell."""
        return window.row // self.tile_size * self.columns + window.column // self.tile_size

    def touching(self, window: Window) -> Iterator[int]:
        """Numbers of the tiles that share cells with `window` (which must lie inside the grid)."""
        for row in range(window.row // self.tile_size, -(-window.bottom // self.tile_size)):
            for column in range(window.column // self.tile_size, -(-window.right // self.tile_size)):
                yield row * self.columns + column

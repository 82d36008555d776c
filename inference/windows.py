"""How a scene is cut into tiles."""

from collections.abc import Iterator
from dataclasses import dataclass

from products.window import Window


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

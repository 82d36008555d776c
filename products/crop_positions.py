"""Where a crop may lie in a raster of which parts must not be touched."""

from collections.abc import Iterable

import numpy as np

from products.window import Window


class CropPositions:
    """All windows of one size that lie within a raster and touch no excluded rectangle.

    The rectangles cut the plane of top-left corners into a few cells that are each allowed or not as a
    whole, so a uniform draw costs the same for a thumbnail and for a scene, and nothing is rejected.

    Args:
        height, width: the raster, pixels.
        crop_height, crop_width: the window, pixels.
        excluded: rectangles that no window may touch; they may overlap and reach over the edge.
    """

    def __init__(
        self, height: int, width: int, crop_height: int, crop_width: int, excluded: Iterable[Window] = ()
    ) -> None:
        self.crop_height, self.crop_width = crop_height, crop_width
        last_row, last_column = height - crop_height + 1, width - crop_width + 1  # one past the last corner
        corners = [
            (e.row - crop_height + 1, e.row + e.height, e.column - crop_width + 1, e.column + e.width)
            for e in excluded
        ]
        self._rows = _cuts(last_row, [edge for corner in corners for edge in corner[:2]])
        self._columns = _cuts(last_column, [edge for corner in corners for edge in corner[2:]])
        allowed = np.outer(np.diff(self._rows), np.diff(self._columns))
        for top, bottom, left, right in corners:
            rows = (self._rows[:-1] >= top) & (self._rows[:-1] < bottom)
            columns = (self._columns[:-1] >= left) & (self._columns[:-1] < right)
            allowed[np.ix_(rows, columns)] = 0
        self._cumulative = np.cumsum(allowed.ravel())
        self.count = int(self._cumulative[-1]) if self._cumulative.size else 0
        every_corner = max(last_row, 0) * max(last_column, 0)
        self.fraction = self.count / every_corner if every_corner else 0.0

    def draw(self, generator: np.random.Generator) -> Window:
        """One window, uniform over all `count` positions.

        Raises:
            ValueError: there is no position.
        """
        if self.count == 0:
            raise ValueError("no window of this size fits")
        number = int(generator.integers(self.count))
        cell = int(np.searchsorted(self._cumulative, number, side="right"))
        number -= int(self._cumulative[cell - 1]) if cell else 0
        cell_row, cell_column = divmod(cell, len(self._columns) - 1)
        row, column = divmod(number, int(self._columns[cell_column + 1] - self._columns[cell_column]))
        return Window(
            int(self._rows[cell_row]) + row,
            int(self._columns[cell_column]) + column,
            self.crop_height,
            self.crop_width,
        )


def _cuts(end: int, edges: list[int]) -> np.ndarray:
    inside = [edge for edge in edges if 0 < edge < end]
    return np.unique(np.array([0, *inside, max(end, 0)], dtype=np.int64))


def centre_crop(height: int, width: int, crop_height: int, crop_width: int) -> Window:
    """The window in the middle of a raster."""
    return Window((height - crop_height) // 2, (width - crop_width) // 2, crop_height, crop_width)


def tiles(area: Window, tile_height: int, tile_width: int) -> list[Window]:
    """As many whole tiles as fit an area without overlap, centred in it, row by row."""
    rows, columns = area.height // tile_height, area.width // tile_width
    top = area.row + (area.height - rows * tile_height) // 2
    left = area.column + (area.width - columns * tile_width) // 2
    return [
        Window(top + row * tile_height, left + column * tile_width, tile_height, tile_width)
        for row in range(rows)
        for column in range(columns)
    ]

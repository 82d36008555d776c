import numpy as np
import pytest

from inference.windows import TileGrid
from products.window import Window


@pytest.mark.parametrize(
    ("height", "width", "size"), [(1, 1, 64), (64, 64, 64), (150, 203, 64), (10, 500, 32)]
)
def test_tiles_cover_each_cell_once(height: int, width: int, size: int) -> None:
    grid = TileGrid(height, width, size)
    seen = np.zeros((height, width), int)
    for number, tile in enumerate(grid):
        rows, columns = tile.inside(Window(0, 0, height, width))
        seen[rows, columns] += 1
        assert grid.index(tile) == number
    assert (seen == 1).all()
    assert number + 1 == len(grid) == grid.rows * grid.columns


def test_touching_finds_all_tiles_of_a_window() -> None:
    grid = TileGrid(150, 203, 64)
    window = Window(60, 100, 10, 90)
    expected = [
        n for n, t in enumerate(grid) if t.row < 70 and t.bottom > 60 and t.column < 190 and t.right > 100
    ]
    assert list(grid.touching(window)) == expected

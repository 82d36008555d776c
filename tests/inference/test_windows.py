from fractions import Fraction

import numpy as np
import pytest

from inference.windows import TileGrid, Window


def test_expand_and_clip() -> None:
    window = Window(10, 20, 30, 40).expand(15)
    assert window == Window(-5, 5, 60, 70)
    assert window.clip(45, 50) == Window(0, 5, 45, 45)
    assert Window(100, 0, 10, 10).clip(50, 50).height == 0


def test_scale_refuses_edges_between_cells() -> None:
    assert Window(32, 64, 16, 48).scale(Fraction(1, 16)) == Window(2, 4, 1, 3)
    assert Window(2, 4, 6, 8).scale(Fraction(3, 2)) == Window(3, 6, 9, 12)
    with pytest.raises(ValueError, match="no counterpart"):
        Window(8, 0, 16, 16).scale(Fraction(1, 16))


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

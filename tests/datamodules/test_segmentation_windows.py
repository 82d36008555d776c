import numpy as np
import pytest

from datamodules.segmentation_split import Part
from datamodules.segmentation_windows import Area, WindowGrid, areas_of, random_window, window_around
from products.window import Window

AREAS = [Area(0, Window(3, 5, 20, 17)), Area(2, Window(0, 0, 6, 30)), Area(2, Window(8, 0, 8, 8))]


def test_a_grid_covers_each_pixel_once():
    grid = WindowGrid(AREAS, 8)
    assert len(grid) == 3 * 3 + 4 + 1 and len(list(grid)) == len(grid)
    for number, area in enumerate(AREAS):
        count = np.zeros((40, 40), int)
        for placed in grid:
            if placed.area == number:
                window = placed.window
                count[window.row : window.bottom, window.column : window.right] += 1
        inside = np.zeros_like(count)
        inside[area.window.row : area.window.bottom, area.window.column : area.window.right] = 1
        np.testing.assert_array_equal(count, inside)


def test_narrow_ends_can_be_left_out():
    grid = WindowGrid([Area(0, Window(0, 0, 19, 20)), Area(1, Window(0, 0, 3, 3))], 8, smallest=4)
    assert [str(placed.window) for placed in grid if placed.area == 0] == [
        "0,0,8,8", "0,8,8,8", "0,16,8,4", "8,0,8,8", "8,8,8,8", "8,16,8,4",
    ]  # fmt: skip
    assert [str(placed.window) for placed in grid if placed.area == 1] == ["0,0,3,3"]


def test_numbers_of_windows():
    grid = WindowGrid(AREAS, 8)
    for number, placed in enumerate(grid):
        assert grid.number(Area(AREAS[placed.area].scene, placed.window)) == number
    assert (
        grid.number(Area(0, Window(4, 5, 8, 8))) is None and grid.number(Area(1, Window(3, 5, 8, 8))) is None
    )
    with pytest.raises(IndexError):
        grid[len(grid)]


def test_random_windows_reach_every_pixel_and_nothing_else():
    area, generator = Window(3, 5, 20, 17), np.random.default_rng(0)
    seen = np.zeros((40, 40), int)
    for _ in range(400):
        window = random_window(area, 8, generator)
        assert (window.height, window.width) == (8, 8)
        seen[window.row : window.bottom, window.column : window.right] += 1
    assert seen[3:23, 5:22].all() and seen.sum() == 400 * 64 == seen[3:23, 5:22].sum()
    assert random_window(area, 18, generator)[3] == 17  # no wider than the area


@pytest.mark.parametrize("cell", [(3, 5, 4, 4), (19, 18, 4, 4), (10, 10, 4, 4), (3, 5, 16, 16)])
def test_windows_around_a_cell_hold_it_and_vary(cell):
    area, cell, generator = Window(3, 5, 20, 17), Window(*cell), np.random.default_rng(0)
    found = {window_around(cell, area, 8, generator) for _ in range(100)}
    for window in found:
        assert window.row >= 3 and window.column >= 5 and window.bottom <= 23 and window.right <= 22
        inner, outer = (cell, window) if cell.height < 8 else (window, cell)
        assert outer.row <= inner.row and inner.bottom <= outer.bottom
        assert outer.column <= inner.column and inner.right <= outer.right
    assert len(found) > 3 or cell.row in (3, 19)


def test_areas_of_parts():
    parts = [Part(1, (Window(0, 0, 2, 2), Window(4, 0, 2, 2))), Part(3, (Window(0, 0, 1, 1),))]
    assert [area.scene for area in areas_of(parts)] == [1, 1, 3] and parts[0].pixels == 8

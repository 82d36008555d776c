import numpy as np
import pytest

from datamodules.segmentation_ground import footprint, footprints, projected, shared, touches, within, without
from products.grid import Grid
from products.window import Window
from tests.fakes.annotated_scenes import grid


def pair_of(one, other):
    return footprints([one])[0], footprints([other])


def covered(windows, height, width):
    count = np.zeros((height, width), int)
    for window in windows:
        count[window.row : window.bottom, window.column : window.right] += 1
    return count


@pytest.mark.parametrize(
    "hole", [(2, 3, 4, 5), (-3, -3, 6, 6), (0, 0, 10, 12), (4, -2, 2, 40), (20, 20, 3, 3)]
)
def test_what_is_left_is_disjoint_and_complete(hole):
    area, hole = Window(0, 0, 10, 12), Window(*hole)
    count = covered(without([area], [hole]), 10, 12)
    expected = np.ones((10, 12), int)
    inside = hole.clip(10, 12)
    expected[inside.row : inside.bottom, inside.column : inside.right] = 0
    np.testing.assert_array_equal(count, expected)


def test_several_holes_of_several_areas():
    areas = [Window(0, 0, 8, 8), Window(0, 8, 8, 8)]
    left = without(areas, [Window(2, 6, 2, 4), Window(3, 7, 4, 1)])
    count = covered(left, 8, 16)
    assert count.max() == 1 and count.sum() == 128 - 8 - 3


def test_a_window_on_a_shifted_grid():
    one, other = grid(50, 60), grid(50, 60, west=500_000 + 200, north=5_000_000 - 70)
    assert projected(Window(0, 0, 10, 30), one, other) == Window(-7, -20, 10, 30)
    assert projected(Window(0, 0, 7, 20), one, other) is None  # ends where the other begins
    coarse = grid(25, 30, pixel=20)
    assert projected(Window(1, 1, 4, 4), one, coarse) == Window(0, 0, 3, 3)  # all that it touches


def test_a_window_in_another_reference_system_is_covered():
    one = grid(100, 100)
    other = grid(400, 400, west=30_000, north=5_050_000, epsg=32634)
    found = projected(Window(0, 0, 100, 100), one, other)
    west = footprint(one)[0]
    box = footprint(other)
    assert (box[0] < west and found is None) or (found.height >= 100 and found.width >= 100)


def test_unknown_ground_is_no_common_ground():
    assert footprint(Grid(4, 4)) is None
    assert projected(Window(0, 0, 2, 2), Grid(4, 4), grid(4, 4)) is None
    assert shared(*pair_of(Grid(4, 4), grid(4, 4))) == 0
    local = Grid(4, 4, 'LOCAL_CS["nowhere",UNIT["metre",1]]', (1.0, 0.0, 0.0, 0.0, -1.0, 0.0))
    assert footprint(local) is None


def test_shared_ground_is_a_part_of_the_smaller():
    small, large = grid(10, 10), grid(100, 100)
    assert shared(*pair_of(small, large)) == pytest.approx(1, abs=1e-3)
    assert shared(*pair_of(grid(10, 10, west=500_600), small)) == 0
    assert shared(*pair_of(grid(10, 10, west=500_050), small)) == pytest.approx(0.5, abs=1e-2)


def test_touching_and_lying_within():
    assert touches(Window(0, 0, 4, 4), Window(3, 3, 4, 4)) and not touches(
        Window(0, 0, 4, 4), Window(4, 0, 4, 4)
    )
    assert within(Window(1, 1, 3, 3), Window(0, 0, 4, 4)) and not within(
        Window(1, 1, 4, 3), Window(0, 0, 4, 4)
    )

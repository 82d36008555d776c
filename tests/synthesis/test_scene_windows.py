"""Windows drawn from scenes."""

import numpy as np

from products.grid import Grid
from products.scene import Scene
from synthesis.scene_windows import drawn_windows


class Empty(Scene):
    def __init__(self, name, height=50, width=70):
        super().__init__(None, name, Grid(height, width), ("B2",))

    def read(self, window):
        raise AssertionError("nothing is read to draw windows")


def covered(windows, shape=(50, 70)):
    count = np.zeros(shape, int)
    for window in windows:
        count[window.row : window.bottom, window.column : window.right] += 1
    return count


def test_windows_do_not_overlap_and_all_of_them_are_the_scene():
    few = drawn_windows(Empty("a"), 16, 5, 0)
    assert len(few) == 5 and covered(few).max() == 1
    assert (covered(drawn_windows(Empty("a"), 16, 1000, 0)) == 1).all()


def test_the_draw_depends_on_seed_and_name_alone():
    assert drawn_windows(Empty("a"), 16, 5, 0) == drawn_windows(Empty("a"), 16, 5, 0)
    assert drawn_windows(Empty("a"), 16, 5, 0) != drawn_windows(Empty("a"), 16, 5, 1)
    assert drawn_windows(Empty("a"), 16, 5, 0) != drawn_windows(Empty("b"), 16, 5, 0)


def test_a_scene_smaller_than_a_window_is_one():
    assert [tuple(window) for window in drawn_windows(Empty("a", 3, 4), 16, 5, 0)] == [(0, 0, 3, 4)]

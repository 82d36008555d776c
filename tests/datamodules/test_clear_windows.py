import numpy as np
import pytest

from datamodules.clear_windows import clear_windows, write_windows
from datamodules.segmentation_windows import Area
from products.class_table import ClassTable
from products.scene_reader import SceneReader
from products.window import Window
from tests.fakes.annotated_scenes import ArrayMask, grid, scene

TWO = ClassTable(name="two", classes={"clear": 0, "cloud": 1})


@pytest.fixture
def mask():
    """Clouds in three places, one pixel of which nothing is known, and clouds below row 40."""
    indices = np.zeros((64, 64), np.uint8)
    indices[5, 5] = indices[20:23, 30:40] = indices[40:] = 1
    indices[30, 60] = 255
    return ArrayMask(indices, TWO)


def test_exactly_the_windows_without_cloud_are_found(mask):
    area = Window(2, 4, 50, 58)
    found = {each.window for each in clear_windows([mask], [Area(0, area)], 16, 0)}
    expected = {
        Window(row, column, 16, 16)
        for row in range(2, 52 - 15, 2)
        for column in range(4, 62 - 15, 2)
        if not mask.indices[row : row + 16, column : column + 16].any()
    }
    assert found == expected
    assert len(found) > 20
    assert not mask.seen[:2].any()  # nothing outside of the area is read
    assert not mask.seen[52:].any()
    assert not mask.seen[:, 62:].any()


def test_an_area_smaller_than_a_window_has_none(mask):
    assert list(clear_windows([mask], [Area(0, Window(8, 0, 12, 64))], 16, 0)) == []


def test_copies_are_the_scene_where_all_has_data(tmp_path):
    own = scene("place", own=grid(64, 64))
    own.known[0:20] = False
    windows = [Area(0, Window(row, column, 16, 16)) for row in (8, 24, 40) for column in (0, 16, 40)]
    assert write_windows(tmp_path, [own], windows, limit=100, seed=3) == 6
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0] == "place_00024_00000.tif"
    copy = SceneReader(scale=10_000).open(tmp_path / "place_00024_00016.tif")  # harmonised already
    assert copy.bands == ("B1", "B2")
    pixels, valid = copy.read(copy.window)
    assert valid.all()
    np.testing.assert_array_equal(pixels, own.pixels[:, 24:40, 16:32])
    assert copy.grid.transform[2] == own.grid.transform[2] + 16 * 10
    some = tmp_path / "some"
    assert write_windows(some, [own], windows, limit=2, seed=3) == 2
    assert {path.name for path in some.iterdir()} < set(names)

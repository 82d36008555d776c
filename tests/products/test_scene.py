from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from products.grid import Grid
from products.scene import Scene, SceneKey
from products.window import Window

TIME, OTHER = datetime(2021, 1, 26, 10, 23, 11), datetime(2021, 1, 26, 10, 43, 11)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SceneKey("T32TNS", TIME), SceneKey("T32TNS", TIME), True),
        (SceneKey("T32TNS", TIME), SceneKey("T32TMS", TIME), False),
        (SceneKey("T32TNS", TIME), SceneKey("", TIME), True),
        (SceneKey("T32TNS", TIME), SceneKey("T32TNS", OTHER), False),
        (SceneKey("T32TNS", TIME), SceneKey("T32TNS", datetime(2021, 1, 26), day_only=True), True),
        (SceneKey("", TIME), SceneKey("T32TNS", datetime(2021, 1, 27), day_only=True), False),
        (SceneKey("", TIME, day_only=True), SceneKey("", OTHER, day_only=True), True),
    ],
)
def test_keys_match_as_far_as_both_know(one, other, same):
    assert one.matches(other) is same
    assert other.matches(one) is same


def test_keys_as_text_and_in_order():
    assert str(SceneKey("T32TNS", TIME)) == "T32TNS_20210126T102311"
    assert str(SceneKey("", TIME)) == "20210126T102311"
    assert str(SceneKey("T32TNS", TIME, day_only=True)) == "T32TNS_20210126"
    assert (
        sorted([SceneKey("T33UUU", TIME), SceneKey("T32TNS", OTHER), SceneKey("T32TNS", TIME)])[0].time
        == TIME
    )


class Zeros(Scene):
    closed = False

    def read(self, window):
        shape = window.height, window.width
        return np.zeros((len(self.bands), *shape), np.float32), np.ones(shape, bool)

    def close(self):
        self.closed = True


def test_a_scene_knows_its_shape_and_closes_itself():
    with Zeros(Path("a.tif"), "a", Grid(4, 5), ["B2", "B3"]) as scene:
        assert (scene.bands, scene.shape, scene.window) == (("B2", "B3"), (2, 4, 5), Window(0, 0, 4, 5))
        assert (scene.key, scene.tags, scene.synthetic) == (None, {}, False)
        assert not scene.closed
    assert scene.closed
    with pytest.raises(KeyError), scene:
        raise KeyError

"""How scenes become whole numbers."""

import numpy as np
import pytest

from errors import UserError
from products.grid import Grid
from products.raster_scene import RasterScene
from products.scene import Scene
from synthesis.cached_scene import CacheFormat, write_scene
from synthesis.worker_threads import Stopped, StopSign


class Ramp(Scene):
    """Numbers from -2000 to beyond what 16 bits hold; a column without data. Synthetic."""

    def __init__(self, height=300, width=1100):
        super().__init__(
            None, "ramp", Grid(height, width), ("a", "b"), tags={"LEVEL": "none"}, synthetic=True
        )
        values = np.linspace(-2000, 70000, height * width).reshape(height, width)
        self.pixels = np.stack([values, values[::-1]]).astype(np.float32)
        self.known = np.ones((height, width), bool)
        self.known[:, 7] = False

    def read(self, window):
        rows, columns = window.inside(self.window)
        return self.pixels[:, rows, columns] * self.known[rows, columns], self.known[rows, columns]


def written(path, scene, **form):
    done = []
    write_scene(path, scene, CacheFormat(**form), {}, StopSign(), done.append)
    assert sum(done) == scene.grid.height
    return RasterScene(path)


@pytest.mark.parametrize(
    "form",
    [{}, {"compression": "deflate", "tile_px": 1024}, {"compression": "lzw", "shift": 0, "tile_px": 16}],
)
def test_numbers_come_back_as_whole_ones_within_what_16_bits_hold(tmp_path, form):
    scene = Ramp()
    with written(tmp_path / "a.tif", scene, **form) as kept:
        pixels, valid = kept.read(kept.window)
        assert kept.synthetic and kept.bands == ("a", "b") and kept.tags["LEVEL"] == "none"
    shift = form.get("shift", 1000)
    expected = np.rint(np.clip(scene.pixels + np.float32(shift), 1, 65535)) - shift
    np.testing.assert_array_equal(valid, scene.known)
    np.testing.assert_array_equal(pixels[:, valid], expected[:, valid])


def test_a_job_that_is_asked_to_end_leaves_nothing(tmp_path):
    sign = StopSign()
    sign.put_up()
    with pytest.raises(Stopped):
        write_scene(tmp_path / "a.tif", Ramp(), CacheFormat(), {}, sign, lambda rows: None)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"a\.tif cannot be written"):
        written(tmp_path / "file" / "a.tif", Ramp())

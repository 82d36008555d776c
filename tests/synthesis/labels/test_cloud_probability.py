"""Cloud probabilities of files and of s2cloudless."""

import sys

import numpy as np
import pytest

from errors import UserError
from products.grid import Grid
from products.scene import Scene
from products.window import Window
from synthesis.labels.cloud_probability import DetectedProbability, FileProbability, detector
from tests.fakes import exolabs
from tests.synthesis.labels.test_aligned_raster import grid, numbers

BANDS = ("B1", "B2", "B4", "B5", "B8", "B8A", "B9", "B10", "B11", "B12")
CLOUD = [3000, 2900, 3000, 3100, 3500, 3500, 1200, 60, 2500, 2000]
GRASS = [1200, 900, 700, 1100, 3500, 3600, 1000, 10, 1800, 900]


class FlatScene(Scene):
    """Cloud in its left half, grass in the right, no data in the first row."""

    def __init__(self, height=12, width=18, placed=True):
        on = grid(height, width) if placed else Grid(height, width)
        super().__init__(None, "flat", on, BANDS)
        self.pixels = np.empty((10, height, width), np.float32)
        self.pixels[:, :, : width // 2] = np.array(CLOUD)[:, None, None]
        self.pixels[:, :, width // 2 :] = np.array(GRASS)[:, None, None]
        self.valid = np.ones((height, width), bool)
        self.valid[0] = False

    def read(self, window):
        rows, columns = window.inside(self.window)
        valid = self.valid[rows, columns]
        return self.pixels[:, rows, columns] * valid, valid


def test_percent_become_probabilities(tmp_path):
    percent = numbers(top=101)
    path = exolabs.write(tmp_path / "a.tif", percent)
    probability, known = FileProbability(path, grid(20, 24), 100).read(Window(2, 3, 10, 11))
    np.testing.assert_array_equal(probability, (percent / np.float32(100)).astype(np.float32)[2:12, 3:14])
    assert known.all() and probability.dtype == np.float32


def test_numbers_above_certainty_mean_nothing(tmp_path):
    path = exolabs.write(tmp_path / "a.tif", np.full((4, 4), 101, np.uint8))
    probability, known = FileProbability(path, grid(4, 4), 100).read(Window(0, 0, 4, 4))
    assert not known.any() and not probability.any()


def test_the_detector_is_given_reflectance_in_its_order():
    scene = FlatScene()
    probability, known = DetectedProbability(scene, None, 1).read(scene.window)
    np.testing.assert_array_equal(known, scene.valid)
    cube = np.stack([CLOUD, GRASS]).astype(np.float32)[None, None] / np.float32(10_000)
    cloud, grass = detector().get_cloud_probability_maps(cube)[0, 0]
    assert cloud > 0.7 and grass < 0.1
    np.testing.assert_array_equal(np.unique(probability[1:, :9]), [cloud])
    np.testing.assert_array_equal(np.unique(probability[1:, 9:]), [grass])
    assert not probability[0].any()


def test_a_coarser_detector_gives_the_same_where_the_scene_is_flat_and_between_a_transition():
    scene = FlatScene(height=13, width=24)
    probability, known = DetectedProbability(scene, 30, 1).read(scene.window)
    assert known.all()  # the first row has neighbours in its cell
    fine, _ = DetectedProbability(scene, None, 1).read(scene.window)
    np.testing.assert_allclose(probability[:, [0, -1]], fine[1:2, [0, -1]].repeat(13, 0), atol=1e-6)
    assert (np.diff(probability[5]) <= 1e-6).all() and len(np.unique(probability[5])) > 2
    part, _ = DetectedProbability(scene, 30, 1).read(Window(4, 7, 5, 9))
    np.testing.assert_array_equal(part, probability[4:9, 7:16])


@pytest.mark.parametrize(
    ("resolution", "placed", "words"), [(15, True, "multiple of the pixels"), (60, False, "no georeference")]
)
def test_a_resolution_that_does_not_fit_is_one_sentence(resolution, placed, words):
    with pytest.raises(UserError, match=rf"generator\.cloudless_resolution_m: found {resolution}.*{words}"):
        DetectedProbability(FlatScene(placed=placed), resolution, 1)


def test_without_the_package_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "s2cloudless", None)
    with pytest.raises(
        UserError, match=r"generator\.cloudless: .*s2cloudless.* expected cloudless=DIR, or the package"
    ):
        detector()

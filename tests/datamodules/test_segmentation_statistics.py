import numpy as np
import pytest

from datamodules.segmentation_reading import AnnotatedScenes
from datamodules.segmentation_statistics import band_statistics
from datamodules.segmentation_windows import Area
from products.window import Window
from tests.fakes.annotated_scenes import ArrayMask, ArrayScene, quarters


def shelf(pixels, valid=None):
    return AnnotatedScenes([ArrayScene("a", pixels, valid=valid)], [ArrayMask(quarters())])


def whole(scenes, **changed):
    given = {"windows": 1, "size": 64, "seed": 0, **changed}
    return band_statistics(scenes, [Area(0, Window(0, 0, 64, 64))], **given)


def test_mean_and_deviation_of_valid_pixels():
    pixels = np.random.default_rng(0).normal([[[5000]], [[50]]], [[[300]], [[1]]], (2, 64, 64))
    valid = np.indices((64, 64))[0] > 20
    found = whole(shelf(pixels, valid))
    np.testing.assert_allclose(found["mean"], pixels[:, valid].mean(1), rtol=1e-5)
    np.testing.assert_allclose(found["std"], pixels[:, valid].std(1), rtol=1e-5)


def test_windows_are_joined_without_loss():
    """Large means, small deviations: a difference of squares would be noise."""
    pixels = np.random.default_rng(0).integers(60000, 60004, (1, 64, 64))
    found = whole(shelf(pixels), windows=200, size=16)
    assert found["std"][0] == pytest.approx(pixels.std(), rel=0.05)


def test_every_area_is_asked_and_the_seed_decides():
    scenes = AnnotatedScenes(
        [ArrayScene(str(n), np.full((1, 64, 64), 100.0 * n)) for n in range(4)], [ArrayMask(quarters())] * 4
    )
    areas = [Area(number, Window(0, 0, 64, 64)) for number in range(4)]
    assert band_statistics(scenes, areas, windows=4, size=16, seed=0)["mean"] == [150.0]
    scenes.scenes[0].pixels[:] = np.arange(64)
    draws = [band_statistics(scenes, areas, windows=9, size=16, seed=seed)["mean"] for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_bands_that_never_change_or_hold_nothing():
    assert whole(shelf(np.full((2, 64, 64), 7)))["std"] == [1.0, 1.0]
    assert whole(shelf(np.ones((1, 64, 64)), np.zeros((64, 64), bool))) == {"mean": [0.0], "std": [1.0]}

from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from products.grid import Grid
from products.reduced_resolution import ReducedResolution
from products.sensor import Sensor
from products.window import Window
from tests.fakes.array_product import ArrayProduct, landsat_like, sentinel_like


def test_inputs_truth_and_baseline_lie_on_the_grid_of_the_target():
    scene = ReducedResolution(sentinel_like(75, 70), 60)
    assert (scene.distances_m, scene.factor) == ((10, 20, 60), 6)
    assert scene.usable == Window(0, 0, 12, 6)  # 12 x 11 pixels of 60 m, blocks of 6
    inputs, known = scene.inputs(scene.usable)
    truth, valid = scene.truth(scene.usable)
    assert {m: pixels.shape for m, pixels in inputs.items()} == {
        10: (2, 12, 6),
        20: (1, 12, 6),
        60: (1, 12, 6),
    }
    assert truth.shape == valid.shape == scene.bicubic(scene.usable).shape == (1, 12, 6)
    assert known.all() and valid.all()


def test_the_phase_of_training_is_that_of_inference():
    """On a ramp all inputs equal the truth, although Landsat's grids begin half a pixel apart."""
    scene = ReducedResolution(landsat_like(), 30)
    inputs, _ = scene.inputs(scene.usable)
    truth, _ = scene.truth(scene.usable)
    for pixels in (*inputs.values(), scene.bicubic(scene.usable)):
        np.testing.assert_allclose(pixels[0, 6:-6, 6:-6], truth[0, 6:-6, 6:-6], atol=0.02)


def test_windows_are_the_whole():
    scene = ReducedResolution(sentinel_like(72, 66), 20)
    window = Window(9, 7, 12, 13)
    inside = (slice(None), *window.inside(scene.usable))
    whole, part = scene.inputs(scene.usable)[0], scene.inputs(window)[0]
    for distance, pixels in part.items():
        assert np.array_equal(pixels, whole[distance][inside])
    assert np.array_equal(scene.bicubic(window), scene.bicubic(scene.usable)[inside])


@pytest.mark.real
@pytest.mark.parametrize(("target_m", "expected"), [(20, 146.4), (60, 105.5)])
def test_published_baseline(real_data: Path, repository: Path, target_m: int, expected: float):
    facts = yaml.safe_load((repository / "conf/sensor/sentinel2.yaml").read_text(encoding="utf-8"))
    del facts["_target_"], facts["_convert_"]
    sensor = Sensor(**(facts | {"readers": []}))
    with h5py.File(real_data / "s2_dsen2_demo" / "S2A_MSIL1C_20170527_T33UUB.mat") as file:
        arrays = {m: file[f"im{m}"][:].transpose(0, 2, 1) for m in (10, 20, 60)}
    product = ArrayProduct(sensor, arrays, {m: Grid(*array.shape[1:]) for m, array in arrays.items()})
    scene = ReducedResolution(product, target_m)
    error = scene.bicubic(scene.usable) - scene.truth(scene.usable)[0]
    assert np.sqrt((error**2).mean((1, 2))).mean() == pytest.approx(expected, abs=0.06)

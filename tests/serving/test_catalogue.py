import pytest

from errors import UserError
from networks.trained_weights import save_super_resolver
from serving.catalogue import help_of, sensor_names, served_sensors, trainings
from tests.fakes import sentinel2
from tests.fakes.small_resolvers import small_resolver

SENSOR = """# a sensor
_target_: products.sensor.Sensor
title: Two Grids
weights: {weights}
bands:
  A: {{ground_sample_distance_m: 10}}
  B: {{ground_sample_distance_m: 20}}
  C: {{ground_sample_distance_m: 60}}
"""
WEIGHTS = """sensor: first
networks:
  - {file: b.safetensors}
  - {file: a.safetensors}
"""
EXPERIMENT = """# @package _global_
defaults:
  - override /sensor: first
  - override /data: multiresolution
data:
  target_m: 20
"""


@pytest.fixture
def catalogue(tmp_path):
    files = {
        "sensor/first.yaml": SENSOR.format(weights="first"),
        "sensor/second.yaml": SENSOR.format(weights="null"),
        "sensor/third.yaml": SENSOR.format(weights="gone"),
        "sensor/raw.yaml": "name: raw\nbands: {}\n",
        "weights/first.yaml": WEIGHTS,
        "experiment/super_resolution_first_20m.yaml": EXPERIMENT,
        "experiment/toy.yaml": EXPERIMENT,
        "task/t.yaml": "a: 1   # the first\nregion:\n  pixels: null # four # numbers\nb: '#'\nc: x  # the last\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, target in (("a", 20), ("b", 60)):
        save_super_resolver(
            tmp_path / "weights" / f"{name}.safetensors", small_resolver(sentinel2.sensor(), target)
        )
    return tmp_path


def test_sensors_are_served_by_weights_or_by_models_of_the_settings(catalogue, tmp_path):
    assert sensor_names(catalogue) == ["first", "second", "third"]
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("data: {target_m: 60}\n")
    served = served_sensors({"second": [str(run)]}, catalogue)
    assert set(served) == {"first", "second"}
    weights = catalogue / "weights"
    assert served["first"].models == {weights / "b.safetensors": 60, weights / "a.safetensors": 20}
    assert served["first"].targets_m == (20, 60)
    assert served["second"].models == {run: 60}
    assert (served["first"].of_catalogue, served["second"].of_catalogue) == (True, False)
    with pytest.raises(UserError, match="found the sensor fourth"):
        served_sensors({"fourth": [str(run)]}, catalogue)


def test_what_has_no_file_is_not_offered(catalogue):
    (catalogue / "weights" / "b.safetensors").unlink()
    assert served_sensors({}, catalogue) == {}


def test_trainings_are_the_experiments_of_super_resolution(catalogue):
    (training,) = trainings(catalogue)
    assert (training.experiment, training.sensor, training.target_m) == (
        "super_resolution_first_20m",
        "first",
        20,
    )


def test_help_is_what_stands_behind_the_key(catalogue):
    assert help_of("task/t.yaml", catalogue) == {
        "a": "the first",
        "region.pixels": "four # numbers",
        "c": "the last",
    }


def test_the_real_catalogue():
    known = {(training.sensor, training.target_m) for training in trainings()}
    assert {("sentinel2", 20), ("sentinel2", 60), ("landsat8", 30), ("viirs", 750), ("modis", 500)} <= known
    assert {"sentinel2", "landsat8", "modis", "viirs"} <= set(sensor_names())
    assert "sentinel2_raw" not in sensor_names()
    assert help_of("task/super_resolve.yaml")["region.lonlat"].startswith("instead of pixels")

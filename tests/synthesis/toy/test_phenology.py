from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from synthesis.toy.phenology import band_spectrum, phenology_series


def year(phenology: dict[str, Any], name: str, num_bands: int = 4, fields: int = 40) -> np.ndarray:
    """Mean curve (365, B) of a class."""
    number = [entry["name"] for entry in phenology["classes"]].index(name) + 1
    classes = np.full(fields, number)
    return phenology_series(classes, num_bands, 365, phenology, np.random.default_rng(0)).mean(axis=0)


def vegetation_index(curve: np.ndarray) -> np.ndarray:
    return (curve[:, 3] - curve[:, 0]) / (curve[:, 3] + curve[:, 0])


def test_shape_range_and_seed(phenology: dict[str, Any]) -> None:
    classes = np.arange(1, 9)
    first, again, other = (
        phenology_series(classes, 12, 7, phenology, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert first.shape == (8, 7, 12)
    assert first.min() >= 0
    assert first.max() <= 1
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_crops_are_green_in_their_season(phenology: dict[str, Any]) -> None:
    winter, summer = (vegetation_index(year(phenology, name)) for name in ("winter_cereal", "summer_crop"))
    may, august = 135, 225
    assert winter[may] > winter[august] + 0.2
    assert summer[august] > summer[may] + 0.2


def test_forest_is_greener_than_water_and_soil(phenology: dict[str, Any]) -> None:
    forest, water, soil = (
        vegetation_index(year(phenology, name))[200] for name in ("deciduous_forest", "water", "bare_soil")
    )
    assert forest > soil + 0.2
    assert forest > water + 0.2


def test_fields_of_a_class_differ(phenology: dict[str, Any]) -> None:
    series = phenology_series(np.ones(20, dtype=int), 3, 12, phenology, np.random.default_rng(0))
    assert series.mean(axis=1).std(axis=0).min() > 0.01


def test_bands_are_read_off_the_spectra(phenology: dict[str, Any]) -> None:
    spectrum = band_spectrum(phenology, "vegetation", 4)
    assert len(spectrum) == 4
    assert spectrum[3] > 5 * spectrum[0]  # the red edge
    names = {len(phenology[key]) for key in ("band_names", "wavelengths_nm")}
    assert names == {12}


@pytest.fixture(scope="module")
def radar(repository: Path) -> dict[str, Any]:
    model = OmegaConf.to_container(OmegaConf.load(repository / "conf" / "phenology" / "temperate_radar.yaml"))
    assert isinstance(model, dict)
    return model


def backscatter(radar: dict[str, Any], name: str) -> np.ndarray:
    """Mean year of a class, (365, 3) dB."""
    low, full = (band_spectrum(radar, key, 3) for key in ("lowest", "full_scale"))
    return year(radar, name, 3) * (full - low) + low


def test_the_radar_sees_the_same_classes_in_the_same_seasons(
    phenology: dict[str, Any], radar: dict[str, Any]
) -> None:
    shared = ("name", "green", "green_up_day", "senescence_day", "rise_days", "fall_days")
    optical, backscattering = (
        [{key: entry[key] for key in shared} for entry in model["classes"]] for model in (phenology, radar)
    )
    assert optical == backscattering
    for key in ("days", "green"):
        assert phenology["variation"][key] == radar["variation"][key]


def test_backscatter_is_plausible(radar: dict[str, Any]) -> None:
    water, town, forest = (backscatter(radar, name) for name in ("water", "built_up", "deciduous_forest"))
    assert (town.mean(axis=0) > forest.mean(axis=0)).all()
    assert (forest.mean(axis=0) > water.mean(axis=0) + 5).all()
    cereal, crop = (backscatter(radar, name) for name in ("winter_cereal", "summer_crop"))
    heading, bare, august = 130, 30, 220
    assert cereal[heading, 0] < cereal[bare, 0] - 3  # stems attenuate VV
    assert crop[august, 1] > crop[bare, 1] + 3  # broad leaves scatter into VH
    for curve in (water, town, forest, cereal, crop):
        assert (curve[:, 1] < curve[:, 0] - 3).all()  # cross-polarised


def test_two_sensors_see_the_same_fields(phenology: dict[str, Any], radar: dict[str, Any]) -> None:
    """Wet soil is dark to the eye and bright to a radar; without common draws there is no relation."""
    classes = np.full(300, 7)  # bare soil

    def changes(model: dict[str, Any], seed: int, own: int) -> np.ndarray:
        rngs = (np.random.default_rng(seed), np.random.default_rng([seed, own]))
        series = phenology_series(classes, 3, 12, model, *rngs)
        return (series - series.mean(axis=1, keepdims=True))[..., 0].ravel()

    optical = changes(phenology, 1, 1)
    assert np.corrcoef(optical, changes(radar, 1, 2))[0, 1] < -0.8
    assert abs(np.corrcoef(optical, changes(radar, 2, 2))[0, 1]) < 0.1

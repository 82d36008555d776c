from typing import Any

import numpy as np

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

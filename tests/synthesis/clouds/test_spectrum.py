"""Reflectance of cloud by band."""

import pytest
from omegaconf import OmegaConf

from errors import UserError
from synthesis.clouds.spectrum import CloudSpectrum


def test_bands_by_name_in_any_case_and_others_by_default(caplog):
    spectrum = CloudSpectrum({"S1": 0.75, "SWIR1": 0.5, "default": 0.6})
    assert spectrum.of(["swir1", "s1", "B99"]).tolist() == pytest.approx([0.5, 0.75, 0.6])
    assert "0.6 in the bands B99, of which" in caplog.text


def test_unknown_bands_are_refused_without_default():
    with pytest.raises(UserError, match=r"no reflectance of cloud for B8, .*\+generator.spectrum.B8=0.7"):
        CloudSpectrum({"S1": 0.75, "default": None}).of(["S1", "B8"])


@pytest.mark.parametrize("value", [0, -1, 75])
def test_impossible_reflectance_is_refused(value):
    with pytest.raises(UserError, match=r"generator.spectrum.s1: found"):
        CloudSpectrum({"S1": value})


def test_the_config_knows_the_bands_of_the_catalogue(repository):
    config = OmegaConf.load(repository / "conf" / "generator" / "cloud_pairs.yaml")
    sentinel2 = OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml").bands
    spectrum = CloudSpectrum(OmegaConf.to_container(config.spectrum))
    reflective = ["S1", "S2", "S3", "S4", "S5", "S6", "blue", "green", "red", "nir", "swir1", "swir2"]
    values = spectrum.of([*reflective, *map(str, sentinel2)])
    assert ((values > 0) & (values < 1)).all()
    visible, infrared = spectrum.of(["S1", "red", "B3"]), spectrum.of(["S5", "swir1", "B11"])
    assert visible.min() > infrared.max(), "ice and droplets absorb at 1.6 um"

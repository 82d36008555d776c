"""What is left to the surfaces and the clouds: format, numbers, colours of clouds."""

import pytest

from errors import UserError
from synthesis.clouds.pair_settings import PairSettings, fitted

RGB, MANY = ("red", "green", "blue"), ("S1", "S2", "S3", "S5")
SPECTRUM = {"default": 0.7}


def fit(bands, pictures, *, cloud_bands=3, learned=True, min_valid=1.0, **settings):
    return fitted(
        PairSettings(spectrum=SPECTRUM, **settings), bands, pictures, cloud_bands, learned, min_valid
    )


@pytest.mark.parametrize(
    ("bands", "pictures", "settings", "geotiff", "eight_bit", "own"),
    [
        (RGB, True, {}, False, True, True),
        (RGB, True, {"learned": False}, False, True, False),
        (RGB, True, {"format": "geotiff"}, True, False, True),
        (RGB, False, {}, True, False, False),
        (RGB, False, {"format": "png"}, False, True, False),
        (RGB, False, {"composition": "published"}, False, True, False),
        (RGB, True, {"composition": "published", "format": "geotiff"}, True, True, True),
        (MANY, False, {}, True, False, False),
        (MANY, False, {"cloud_bands": 4}, True, False, False),
        (("grey",), True, {}, False, True, False),
    ],
)
def test_format_numbers_and_colours(bands, pictures, settings, geotiff, eight_bit, own):
    form = fit(bands, pictures, **settings)
    assert (form.geotiff, form.eight_bit, form.own_bands) == (geotiff, eight_bit, own)
    assert form.suffix == (".tif" if geotiff else ".png")


def test_records_tell_what_matters():
    published = fit(RGB, True, composition="published").record()
    assert published == {"composition": "published", "bands": list(RGB), "format": "png"}
    record = fit(MANY, False, opacity={"thin": 0.2}, shadow={"cast": True, "azimuth": 10}).record()
    assert record["opacity"]["thin"] == 0.2 and record["shadow"]["azimuth"] == 10
    assert record["spectrum"] == pytest.approx([0.7] * 4) and record["cloud_bands"] == "spectrum"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((MANY, False, {"format": "png"}), "png and surfaces of 4 bands"),
        ((MANY, False, {"composition": "published"}), "published and surfaces of 4 bands"),
        ((RGB, True, {"composition": "published", "cloud_bands": 4}), "published and clouds of 4 bands"),
        ((RGB, True, {"min_valid": 0.9}), "min_valid: found 0.9 for PNGs"),
        ((RGB, True, {"opacity": {"least": 2}}), "generator.opacity: found least=2"),
    ],
)
def test_what_does_not_go_together(arguments, sentence):
    bands, pictures, settings = arguments
    with pytest.raises(UserError, match=sentence):
        fit(bands, pictures, **settings)

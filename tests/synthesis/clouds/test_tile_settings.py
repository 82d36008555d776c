"""Settings of cloud tiles: what is refused, and what counts."""

import pytest

from errors import UserError
from synthesis.clouds.tile_settings import TileSettings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"content": "images"}, r"generator\.content: found images, expected one of both, masks"),
        ({"format": "jpeg"}, r"generator\.format: found jpeg"),
        ({"tile_px": 0}, r"generator\.tile_px: found 0"),
        (
            {"tile_px": 64, "overlap_px": 64},
            r"generator\.overlap_px: found 64, expected a whole number from 0 to 63",
        ),
        ({"crop_px": -1}, r"generator\.crop_px: found -1"),
        ({"min_valid_fraction": 1.5}, r"generator\.min_valid_fraction: found 1.5"),
        ({"keep_night": True}, r"generator\.keep_night: found true with content=both"),
        ({"buckets": [0, 10]}, r"generator\.buckets: found \[0, 10\]"),
        ({"stretch": "linear"}, r"generator\.stretch: found linear"),
        ({"bands": ["S1", "S1"]}, r"generator\.bands: found"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        TileSettings(**settings)


def test_the_record_holds_what_decides_the_bytes():
    png, tiff = TileSettings().record(), TileSettings(format="geotiff").record()
    assert png["stretch"] == "published" and "bands" not in png
    assert tiff["bands"] == ["S1", "S2", "S3", "S5"] and "stretch" not in tiff
    assert TileSettings(content="masks").record() == TileSettings(content="masks", stretch="fixed").record()
    assert TileSettings(bits=("a", "b")).bits_text == "a+b"

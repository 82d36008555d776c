"""Shadows fall away from the sun, as far as height and elevation say."""

import numpy as np
import pytest

from errors import UserError
from synthesis.clouds.shadow import Shadow, Sun, shifted

SIDE = 21


@pytest.mark.parametrize(
    ("azimuth", "place"),
    [(0, (15, 10)), (180, (5, 10)), (90, (10, 5)), (270, (10, 15))],
    ids=["sun in the north", "south", "east", "west"],
)
def test_a_shadow_falls_away_from_the_sun(azimuth, place):
    """1000 m high, sun at 45 degrees: 1000 m away, which are 5 pixels of 200 m."""
    cloud = np.zeros((SIDE, SIDE), np.float32)
    cloud[10, 10] = 1
    shadow = Shadow(darkness=0.6)
    light = shadow.light(shadow.fallen(cloud, Sun(azimuth, 45, 1000), 200), ["red"])
    assert light.shape == (1, SIDE, SIDE)
    dark = np.zeros((SIDE, SIDE))
    dark[place] = 0.6
    np.testing.assert_allclose(1 - light[0], dark, atol=1e-5)


def test_shifts_between_pixels_keep_the_sum_and_the_place():
    field = np.zeros((SIDE, SIDE), np.float32)
    field[10, 10] = 1
    moved = shifted(field, 2.25, -3.5)
    rows, columns = np.indices(field.shape)
    assert moved.sum() == pytest.approx(1)
    assert ((moved * rows).sum(), (moved * columns).sum()) == (pytest.approx(12.25), pytest.approx(6.5))
    assert (shifted(field, 30, 0) == 0).all() and (shifted(field, 0, 0) == field).all()


def test_darkness_by_band():
    cloud = np.ones((SIDE, SIDE), np.float32)
    shadow = Shadow(darkness={"Blue": 0.3, "default": 0.7})
    light = shadow.light(cloud, ["blue", "B8"])
    np.testing.assert_allclose(light[:, 10, 10], [0.7, 0.3], atol=1e-6)
    with pytest.raises(UserError, match=r"no number for the band B8"):
        Shadow(darkness={"blue": 0.3}).light(cloud, ["B8"])


def test_the_sun_is_drawn_from_ranges():
    generator = np.random.default_rng(0)
    suns = [Shadow(azimuth=120, elevation=[30, 50]).drawn(generator) for _ in range(50)]
    assert {sun.azimuth for sun in suns} == {120}
    assert all(30 <= sun.elevation <= 50 and 800 <= sun.height_m <= 6000 for sun in suns)
    assert len({sun.elevation for sun in suns}) == 50


def test_no_shadow_unless_cast():
    assert Shadow.of(None) is None and Shadow.of({"cast": False, "azimuth": 3}) is None
    assert Shadow.of({"cast": True, "azimuth": 3}) == Shadow(azimuth=3)


@pytest.mark.parametrize(
    "wrong",
    [{"elevation": 0}, {"azimuth": "north"}, {"height_m": [5, 1]}, {"darkness": 2}, {"pixel_m": 0}],
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(UserError, match=f"generator.shadow.{next(iter(wrong))}"):
        Shadow(**wrong)

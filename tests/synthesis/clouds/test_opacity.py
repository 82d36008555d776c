"""Opacity: nothing outside of the mask, something everywhere inside, less at edges and where the cloud is dark."""

import numpy as np
import pytest

from errors import UserError
from synthesis.clouds.opacity import Opacity, brightness_of

SIDE = 32


def disc(radius=12):
    rows, columns = np.indices((SIDE, SIDE)) - SIDE // 2
    return np.hypot(rows, columns) <= radius


def test_edges_are_feathered_inwards_only():
    mask, bright = disc(), np.ones((SIDE, SIDE), np.float32)
    opacity = Opacity(feather_px=4, least=0.2).of(mask, bright)
    assert opacity.dtype == np.float32
    assert (opacity[~mask] == 0).all() and opacity[mask].min() >= 0.2 and opacity.max() == 1
    middle = opacity[SIDE // 2, SIDE // 2 :]
    inside = middle[: np.flatnonzero(middle)[-1] + 1]
    assert (np.diff(inside) <= 0).all() and inside[-1] < 0.3 and (inside[:8] == 1).all()


def test_sharp_edges_without_feather():
    mask = disc()
    np.testing.assert_array_equal(Opacity(feather_px=0).of(mask, np.ones(mask.shape, np.float32)), mask)


def test_a_cloud_goes_on_beyond_the_image():
    whole = np.ones((SIDE, SIDE), bool)
    assert (Opacity(feather_px=5).of(whole, np.ones(whole.shape, np.float32)) == 1).all()
    half = whole.copy()
    half[:, SIDE // 2 :] = False
    opacity = Opacity(feather_px=5).of(half, np.ones(whole.shape, np.float32))
    assert (opacity[:, 0] == 1).all() and (opacity[0] == opacity[SIDE // 2]).all()
    assert (Opacity().of(~whole, np.ones(whole.shape, np.float32)) == 0).all()


def test_dark_cloud_is_thin():
    mask = np.ones((1, 5), bool)
    brightness = np.array([[0, 0.1, 0.275, 0.45, 1]], np.float32)
    found = Opacity(thin=0.1, thick=0.45, least=0.2, most=0.9).of(mask, brightness)
    np.testing.assert_allclose(found, [[0.2, 0.2, 0.55, 0.9, 0.9]], atol=1e-6)


def test_what_is_thin_has_the_colour_of_thick_cloud():
    """Else it would be dark twice: once by its opacity, once by itself."""
    rule = Opacity(thin=0.1, thick=0.4)
    cloud = np.stack([np.full((2, 2), value, np.float32) for value in (0.1, 0.2, 0.3)])
    brightness = brightness_of(cloud)
    np.testing.assert_allclose(brightness, 0.2, atol=1e-6)
    thick = rule.thick_colours(cloud, brightness)
    np.testing.assert_allclose(brightness_of(thick), 0.4, atol=1e-6)
    np.testing.assert_allclose(thick[2] / thick[0], 3, rtol=1e-5)
    bright = np.full((3, 2, 2), 0.8, np.float32)
    np.testing.assert_allclose(rule.thick_colours(bright, brightness_of(bright)), bright, atol=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"thin": 0.5}, {"least": 0}, {"most": 1.1}, {"feather_px": -1}, {"white": 0}]
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(UserError, match=r"generator\.opacity"):
        Opacity(**wrong)

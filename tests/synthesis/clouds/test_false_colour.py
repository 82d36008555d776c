"""False colour: the published arithmetic, step by step."""

import numpy as np
import pytest

from errors import UserError
from synthesis.clouds.false_colour import false_colour, stretched


def scene():
    bands = {"S1": [[0.2, 1.4, np.nan]], "S3": [[0.4, 1.2, -0.1]], "S5": [[0.1, 0.5, 0.3]]}
    return {name: np.array(values, np.float32) for name, values in bands.items()}


def test_bands_are_capped_at_1_and_unknown_is_0():
    colours = false_colour(scene())
    expected = [[[0.25, 0.75, 0.1]], [[0.4, 1.0, -0.1]], [[0.3, 1.0, -0.05]]]
    np.testing.assert_allclose(colours, expected, atol=1e-6)


def test_published_stretch_takes_all_colours_together_and_cuts_off():
    pixels = stretched(false_colour(scene()), "published")
    expected = np.floor((np.array([0.25, 0.4, 0.3]) + 0.1) / 1.1 * 255)
    np.testing.assert_array_equal(pixels[:, 0, 0], expected)
    assert pixels.dtype == np.uint8 and pixels.min() == 0 and pixels.max() == 255


def test_published_brightness_depends_on_the_scene_and_fixed_does_not():
    whole, part = false_colour(scene()), false_colour(scene())[:, :, :1]
    assert (stretched(whole, "published")[:, 0, 0] != stretched(part, "published")[:, 0, 0]).any()
    np.testing.assert_array_equal(stretched(whole, "fixed")[:, 0, 0], stretched(part, "fixed")[:, 0, 0])
    np.testing.assert_array_equal(
        stretched(part, "fixed")[:, 0, 0], np.rint([0.25 * 255, 0.4 * 255, 0.3 * 255])
    )


def test_fixed_stretch_clips_to_its_range():
    pixels = stretched(np.array([[[0.0, 0.1, 0.3, 0.9]]], np.float32), "fixed", (0.1, 0.5))
    np.testing.assert_array_equal(pixels[0, 0], [0, 0, 128, 255])


def test_a_constant_scene_is_black():
    assert not stretched(np.full((3, 2, 2), 0.5, np.float32), "published").any()


@pytest.mark.parametrize(("stretch", "limits"), [("other", (0, 1)), ("fixed", (1, 0)), ("fixed", (0,))])
def test_impossible_stretches_are_refused(stretch, limits):
    with pytest.raises(UserError, match=r"generator\.(stretch|fixed_range): found"):
        stretched(np.zeros((3, 2, 2), np.float32), stretch, limits)

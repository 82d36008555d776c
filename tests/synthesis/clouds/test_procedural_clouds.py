"""Made-up clouds are where their mask says, and brighter inside."""

import numpy as np
import pytest

from errors import UserError
from synthesis.clouds.procedural_clouds import ProceduralClouds

MASK = np.zeros((48, 48), bool)
MASK[12:36, 12:36] = True


def test_clouds_are_bright_where_the_mask_is_and_thin_at_its_edge():
    image = ProceduralClouds(texture=0.0).image(MASK, [1])
    assert image.shape == (3, 48, 48) and image.dtype == np.float32
    assert image.min() >= 0 and image.max() <= 1
    assert image[:, 22:26, 22:26].mean() > 1.4 * image[:, 12, 14:34].mean() > 3 * image[:, :8].mean()


def test_an_image_is_a_function_of_mask_and_seed():
    clouds = ProceduralClouds()
    np.testing.assert_array_equal(clouds.image(MASK, [1]), clouds.image(MASK, [1]))
    assert (clouds.image(MASK, [1]) != clouds.image(MASK, [2])).any()


@pytest.mark.parametrize("value", [False, True])
def test_masks_without_edges_have_images(value):
    image = ProceduralClouds().image(np.full((32, 32), value), [1])
    assert np.isfinite(image).all() and (image.mean() > 0.3) == value


def test_colours_of_different_lengths_are_refused():
    with pytest.raises(UserError, match="colours of different lengths"):
        ProceduralClouds(sea=(0.1,))

"""Clouds over clear images: what is clear stays, what is cloud follows its opacity, and what was published is repeated."""

import numpy as np
import pytest
from PIL import Image

from synthesis.clouds.composition import alpha_composite, published_composite

SIDE = 24


@pytest.fixture
def generator():
    return np.random.default_rng(5)


@pytest.mark.parametrize(("dtype", "high"), [(np.uint8, 255), (np.uint16, 10_000), (np.float32, 1)])
@pytest.mark.parametrize("bands", [1, 3, 6])
def test_pixels_without_cloud_stay_bit_for_bit(generator, dtype, high, bands):
    surface = (generator.uniform(0, 1, (bands, SIDE, SIDE)) * high).astype(dtype)
    cloud = generator.uniform(0, high, surface.shape).astype(np.float32)
    opacity = np.where(generator.uniform(size=(SIDE, SIDE)) < 0.5, generator.uniform(size=(SIDE, SIDE)), 0)
    image = alpha_composite(surface, cloud, opacity.astype(np.float32))
    assert image.dtype == dtype
    np.testing.assert_array_equal(image[:, opacity == 0], surface[:, opacity == 0])
    wanted = opacity * cloud + (1 - opacity) * surface
    slack = 0.51 if dtype != np.float32 else 1e-6
    np.testing.assert_allclose(image[:, opacity > 0], wanted[:, opacity > 0], atol=slack)
    assert (image[:, opacity > 0] != surface[:, opacity > 0]).any()


def test_opaque_cloud_hides_the_ground_and_stays_within_the_type(generator):
    surface = generator.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
    cloud = np.full(surface.shape, 300.0, np.float32)
    assert (alpha_composite(surface, cloud, np.ones((SIDE, SIDE), np.float32)) == 255).all()


def test_shadow_darkens_the_ground_alone(generator):
    surface = generator.integers(1000, 3000, (2, SIDE, SIDE), dtype=np.uint16)
    cloud = np.full(surface.shape, 8000.0, np.float32)
    opacity = np.zeros((SIDE, SIDE), np.float32)
    opacity[:8] = 1
    light = np.ones((1, SIDE, SIDE), np.float32)
    light[:, 4:12] = 0.5
    image = alpha_composite(surface, cloud, opacity, light)
    assert (image[:, :8] == 8000).all()
    np.testing.assert_array_equal(image[:, 8:12], np.rint(surface[:, 8:12] / 2))
    np.testing.assert_array_equal(image[:, 12:], surface[:, 12:])


def test_published_blend_is_pillows_and_the_stretch_takes_all_bands_together(generator):
    surface = generator.integers(20, 120, (3, SIDE, SIDE), dtype=np.uint8)
    cloud = generator.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
    pictures = [Image.fromarray(np.moveaxis(pixels, 0, -1).copy(), "RGB") for pixels in (surface, cloud)]
    half = np.moveaxis(np.asarray(Image.blend(*pictures, 0.5)), -1, 0).astype(np.float64)
    wanted = ((half - half.min()) / (half.max() - half.min()) * 255).astype(np.uint8)
    image = published_composite(surface, cloud)
    np.testing.assert_array_equal(image, wanted)
    assert (image.min(), image.max()) == (0, 255)


def test_published_blend_of_one_colour_does_not_divide_by_nothing():
    grey = np.full((3, SIDE, SIDE), 90, np.uint8)
    assert (published_composite(grey, grey) == 0).all()

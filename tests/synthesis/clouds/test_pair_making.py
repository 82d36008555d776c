"""One pair: drawn by its number, composed in the numbers of the output."""

import numpy as np
import pytest

from products.scene_reader import SceneReader
from synthesis.clouds.mask_source import MadeUpMasks
from synthesis.clouds.pair_making import PairMaker
from synthesis.clouds.pair_settings import PairSettings, fitted
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.surfaces import Surfaces
from tests.fakes import clear_images

SIDE = 24


class EvenClouds:
    """Clouds of one brightness."""

    name, bands, learned = "even", 3, True

    def __init__(self, brightness):
        self.brightness = brightness

    def record(self):
        return {}

    def of(self, masks, seeds):
        return np.full((len(masks), 3, *masks.shape[1:]), self.brightness, np.float32)


@pytest.fixture
def maker(tmp_path):
    def make(brightness=0.6, pictures=True, min_valid=1.0, seed=0, **settings):
        if pictures:
            clear_images.picture(tmp_path / "a.png")
        else:
            clear_images.geotiff(
                tmp_path / "a.tif", bands=("green", "swir1"), void=np.s_[:6, :] if min_valid < 1 else None
            )
        ground = Surfaces(str(tmp_path), SceneReader, SIDE, SIDE, min_valid=min_valid)
        rules = PairSettings(spectrum={"default": 0.8, "swir1": 0.4}, **settings)
        form = fitted(rules, ground.bands, ground.eight_bit, 3, True, min_valid)
        masks = MadeUpMasks(ProceduralMasks(), SIDE, 10, seed)
        return PairMaker(masks, ground, EvenClouds(brightness), form, seed)

    return make


def made(maker, number):
    drawn = maker.draw(number)
    (cloud,) = maker.images([drawn])
    return drawn, maker.compose(drawn, cloud)


def test_thick_cloud_has_the_reflectance_of_its_spectrum(maker):
    """White at the brightness `white`; half as white at half of it, where that is still thick."""
    sharp = {"feather_px": 0, "thick": 0.2, "white": 0.6}
    for brightness, share in ((0.6, 1), (0.3, 0.5)):
        drawn, pair = made(maker(brightness, pictures=False, opacity=sharp), 0)
        cloud = drawn.mask.cloud
        assert pair.image.dtype == np.uint16
        np.testing.assert_allclose(pair.image[0][cloud], 8000 * share, atol=3)
        np.testing.assert_allclose(pair.image[1][cloud], 4000 * share, atol=3)
        np.testing.assert_array_equal(pair.image[:, ~cloud], drawn.pixels[:, ~cloud])


def test_thin_cloud_lets_the_ground_through(maker):
    drawn, pair = made(maker(0.05, pictures=False, opacity={"feather_px": 0, "least": 0.25, "thick": 0.6}), 0)
    cloud = drawn.mask.cloud
    wanted = 0.25 * 8000 + 0.75 * drawn.pixels[0][cloud]
    np.testing.assert_allclose(pair.image[0][cloud], wanted, atol=3)


def test_own_colours_over_pictures(maker):
    drawn, pair = made(maker(0.6, opacity={"feather_px": 0}), 0)
    assert pair.image.dtype == np.uint8 and (pair.cloud == 153).all()
    assert (pair.image[:, drawn.mask.cloud] == 153).all()


def test_published_clouds_are_cut_off_not_rounded(maker):
    _, pair = made(maker(0.999, composition="published"), 0)
    assert (pair.cloud == 254).all() and not pair.extra


def test_gaps_of_the_ground_stay_gaps(maker):
    drawn, pair = made(maker(pictures=False, min_valid=0.5), 3)
    np.testing.assert_array_equal((pair.image == 0).all(0), ~drawn.surface.valid)
    np.testing.assert_array_equal((drawn.pixels == 0).all(0), ~drawn.surface.valid)


def test_pictures_as_reflectance_and_back(maker, tmp_path):
    drawn, _ = made(maker(format="geotiff"), 0)
    np.testing.assert_array_equal(drawn.pixels, np.rint(drawn.surface.pixels * np.float32(10_000 / 255)))
    assert drawn.pixels.dtype == np.uint16
    (tmp_path / "a.png").unlink()
    clear_images.geotiff(tmp_path / "a.tif", bands=("red", "green", "blue"))
    ground = Surfaces(str(tmp_path), SceneReader, SIDE, SIDE)
    form = fitted(PairSettings(spectrum={"default": 0.8}, format="png"), ground.bands, False, 3, True, 1.0)
    again = PairMaker(MadeUpMasks(ProceduralMasks(), SIDE, 1, 0), ground, EvenClouds(0.6), form, 0).draw(0)
    np.testing.assert_array_equal(again.pixels, np.rint(again.surface.pixels * np.float32(255 / 10_000)))


def test_pairs_are_a_function_of_seed_and_number(maker):
    one, other = made(maker(), 4), made(maker(), 4)
    np.testing.assert_array_equal(one[1].image, other[1].image)
    assert one[0].surface.window == other[0].surface.window
    windows = {maker(seed=seed).draw(number).surface.window for seed in range(3) for number in range(5)}
    assert len(windows) > 10

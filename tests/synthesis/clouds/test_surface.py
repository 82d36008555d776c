"""One clear image: its numbers, its bands, and where it has no data."""

import numpy as np
import pytest
from PIL import Image

from errors import UserError
from products.scene_reader import SceneReader
from products.window import Window
from synthesis.clouds.surface import PictureSurface, SceneSurface, is_picture
from tests.fakes import clear_images

ALL = Window(0, 0, 40, 40)
WHOLE, FRACTIONS = SceneReader(), SceneReader(scale=10_000)


def picture(path, bands=None, band_order=None, black_is_data=False):
    return PictureSurface(path, path.name, bands, band_order, black_is_data)


def scene(path):
    return SceneSurface(path, path.name, WHOLE, FRACTIONS)


def test_numbers_of_a_picture_stay(tmp_path):
    pixels = clear_images.picture(tmp_path / "a.png")
    found, valid = picture(tmp_path / "a.png", ["blue", "red"]).read(ALL)
    np.testing.assert_array_equal(found, pixels[[2, 0]])
    assert valid.all() and found.dtype == np.uint8


def test_grey_pictures_have_a_band(tmp_path):
    clear_images.picture(tmp_path / "a.png", bands=1)
    assert len(picture(tmp_path / "a.png").bands) == 1


def test_bands_of_a_raster_without_names_by_position(tmp_path):
    stored = np.random.default_rng(0).integers(1, 255, (4, 40, 40), dtype=np.uint8)
    clear_images.write_patch(tmp_path / "a.tif", stored, None)
    assert is_picture(tmp_path / "a.tif")
    assert picture(tmp_path / "a.tif").bands == ("band_1", "band_2", "band_3", "band_4")
    named = picture(tmp_path / "a.tif", ["nir"], ["red", "green", "blue", "nir"])
    np.testing.assert_array_equal(named.read(ALL)[0], stored[3:])
    with pytest.raises(UserError, match=r"4 bands without names, expected 3"):
        picture(tmp_path / "a.tif", None, ["red", "green", "blue"])


def test_names_in_a_raster_of_bytes_hold(tmp_path):
    clear_images.write_patch(
        tmp_path / "a.tif", np.ones((3, 40, 40), np.uint8), None, bands=["S1", "S3", "S5"]
    )
    assert picture(tmp_path / "a.tif").bands == ("S1", "S3", "S5")


def test_black_and_transparent_pixels_have_no_data(tmp_path):
    pixels = np.full((40, 40, 4), 90, np.uint8)
    pixels[..., 3] = 255
    pixels[0, 0, :3] = 0
    pixels[1, 1, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found, valid = picture(tmp_path / "a.png").read(ALL)
    assert not valid[0, 0] and not valid[1, 1] and valid.sum() == 1598
    assert (found[:, 1, 1] == 0).all()
    assert picture(tmp_path / "a.png", black_is_data=True).read(ALL)[1].sum() == 1599


def test_reflectance_of_whole_numbers_and_of_fractions(tmp_path):
    void = np.s_[5:10, 5:10]
    pixels = clear_images.geotiff(tmp_path / "a.tif", void=void)
    found, valid = scene(tmp_path / "a.tif").read(ALL)
    np.testing.assert_array_equal(found, pixels)
    assert found.dtype == np.uint16 and not valid[void].any() and valid.sum() == 1575
    wanted = clear_images.geotiff(tmp_path / "b.tif", dtype="float32", seed=1)
    np.testing.assert_array_equal(scene(tmp_path / "b.tif").read(ALL)[0], wanted)
    np.savez(tmp_path / "c.npz", img=np.moveaxis(wanted / np.float32(10_000), 0, -1))
    np.testing.assert_array_equal(scene(tmp_path / "c.npz").read(ALL)[0], wanted)


def test_what_has_data_is_at_least_one(tmp_path):
    stored = np.array([[[-0.02, 0.00001], [0.5, 7.0]]], np.float32)
    clear_images.write_patch(tmp_path / "a.tif", stored, None, bands=["S1"])
    found, valid = scene(tmp_path / "a.tif").read(Window(0, 0, 2, 2))
    assert valid.all() and found.tolist() == [[[1, 1], [5000, 65535]]]

"""What tiles are cut of: images, masks and what is known, against the product they come from."""

import numpy as np
import pytest

from errors import UserError
from products.binary_mask import BinaryMask, png_bytes
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.tile_scenes import (
    TileScene,
    digital_numbers,
    drawn_scene,
    procedural_scenes,
    product_scene,
    tile_positions,
)
from synthesis.clouds.tile_settings import TileSettings
from tests.fakes import slstr


def scene_of(folder, settings=None, **changes):
    return product_scene(
        slstr.reader().open(slstr.write(folder, **changes)), TileSettings(**(settings or {}))
    )


def test_mask_and_false_colour_of_a_product(tmp_path):
    cloud = slstr.clouds()
    scene = scene_of(tmp_path, {"stretch": "fixed"}, cloud=cloud, unfilled=4)
    assert scene.image.shape == (3, 60, 76) and scene.image.dtype == np.uint8
    assert not scene.mask.known[:, :4].any() and scene.mask.known[:, 4:].all()
    np.testing.assert_array_equal(scene.mask.cloud[:, 4:], cloud[:, 4:])
    assert not scene.mask.cloud[:, :4].any()
    green = scene.image[1, :, 4:] / 255
    assert green[cloud[:, 4:]].mean() == pytest.approx(slstr.CLOUD["S3"], abs=0.02)
    assert green[~cloud[:, 4:]].mean() == pytest.approx(slstr.OCEAN["S3"], abs=0.01)
    assert scene.product == slstr.NAME.removesuffix(".SEN3") and scene.crop_px == 100


def test_geotiff_scenes_hold_reflectance_of_any_bands(tmp_path):
    cloud = slstr.clouds()
    scene = scene_of(tmp_path, {"format": "geotiff", "bands": ["S5", "S1"]}, cloud=cloud)
    assert scene.image.dtype == np.uint16 and scene.image.shape[0] == 2
    inside = cloud & scene.mask.known
    assert scene.image[0][inside].mean() == pytest.approx(1e4 * slstr.CLOUD["S5"], rel=0.02)
    assert not scene.image[:, ~scene.mask.known].any() and scene.image[:, scene.mask.known].min() >= 1


def test_masks_need_no_radiances(tmp_path):
    without = [f"S{band}_{kind}_an.nc" for band in range(1, 7) for kind in ("radiance", "quality")]
    scene = scene_of(tmp_path, {"content": "masks"}, without=without)
    assert scene.image is None and scene.mask.known.mean() > 0.9


def test_images_need_them(tmp_path):
    with pytest.raises(UserError, match=r"S5_radiance_an\.nc"):
        scene_of(tmp_path, without=["S5_radiance_an.nc"])


@pytest.mark.parametrize("keep", [False, True])
def test_night_is_unknown_unless_masks_of_it_are_wanted(tmp_path, keep):
    scene = scene_of(tmp_path, {"content": "masks", "keep_night": keep}, zenith=(70.0, 110.0))
    by_row = scene.mask.known[:, 20:].mean(axis=1)
    assert by_row[:20].min() == 1 and (by_row[-20:].max() == 1) == keep


def test_unpopulated_bayes_names_the_alternative(tmp_path):
    with pytest.raises(UserError, match=r"generator\.bits=summary"):
        scene_of(tmp_path, {"bits": "bayes"}, bayes="unpopulated")


def test_digital_numbers_keep_0_for_nothing():
    found = digital_numbers(np.array([-0.1, 0.0, 0.5, 9.0, np.nan], np.float32), 1e4)
    assert found.tolist() == [1, 1, 5000, 65535, 0]


def test_drawn_and_made_up_masks(tmp_path):
    (tmp_path / "mine.png").write_bytes(png_bytes(np.eye(8, dtype=np.uint8) * 255))
    scene = drawn_scene(tmp_path / "mine.png")
    assert (scene.product, scene.bits, scene.image, scene.mask.cloud.sum()) == ("mine", "drawn", None, 8)
    made = list(procedural_scenes(ProceduralMasks(), 32, range(3, 5), 1))
    assert [scene.product for scene in made] == ["procedural_1_000003", "procedural_1_000004"]
    assert made[0].mask.cloud.shape == (32, 32)


def blank(height, width, crop=0):
    array = np.zeros((height, width), bool)
    return TileScene("P", "P", None, BinaryMask(array, array), "summary", crop)


def test_a_real_product_has_168_tiles_or_fewer_where_rows_are_missing():
    assert len(tile_positions(blank(2400, 3000, 100), 200, 0)) == 12 * 14
    positions = tile_positions(blank(2396, 3000, 100), 200, 0)
    assert len(positions) == 11 * 14 and positions[0] == (0, 100) and positions[-1] == (2000, 2700)


def test_overlapping_tiles_share_pixels():
    assert tile_positions(blank(50, 40), 30, 10) == [(0, 0), (20, 0)]


def test_scenes_smaller_than_a_tile_are_refused():
    with pytest.raises(UserError, match=r"found 60 x 240 pixels of which 100 columns.*generator\.tile_px=50"):
        tile_positions(blank(60, 240, 100), 50, 0)

"""Tiles as files."""

import hashlib

import numpy as np
import pytest
import rasterio
from PIL import Image

from products.binary_mask import BinaryMask, read_binary_mask
from synthesis.clouds.tile_scenes import TileScene
from synthesis.clouds.tile_settings import TileSettings
from synthesis.clouds.tile_writing import write_tiles
from synthesis.worker_threads import Stopped, StopSign


def scene(dtype=np.uint8, bands=3):
    generator = np.random.default_rng(0)
    cloud = np.zeros((32, 48), bool)
    cloud[:16, :16] = True
    cloud[:16, 16:20] = True
    known = np.ones_like(cloud)
    known[20:, 16:32] = False
    image = generator.integers(1, 200, (bands, 32, 48)).astype(dtype)
    return TileScene("P", "P", image, BinaryMask(cloud & known, known), "summary")


def test_tiles_hold_their_part_and_know_their_cover(tmp_path):
    given = scene()
    records, left_out = write_tiles(tmp_path, given, TileSettings(tile_px=16, crop_px=0), StopSign())
    assert left_out == 1  # the one of which three quarters are unknown
    assert [(r.id, r.cover_percent, r.bucket) for r in records] == [
        ("P_r00000_c00000", 100, 100), ("P_r00000_c00016", 25, 95), ("P_r00000_c00032", 0, 0),
        ("P_r00016_c00000", 0, 0), ("P_r00016_c00032", 0, 0),
    ]  # fmt: skip
    second = records[1]
    pixels = np.asarray(Image.open(second.image)).transpose(2, 0, 1)
    np.testing.assert_array_equal(pixels, given.image[:, :16, 16:32])
    np.testing.assert_array_equal(read_binary_mask(second.mask).cloud, given.mask.cloud[:16, 16:32])
    assert second.mask_sha256 == hashlib.sha256(second.mask.read_bytes()).hexdigest()


def test_geotiffs_have_band_names_and_say_what_is_unknown(tmp_path):
    settings = TileSettings(
        tile_px=16, crop_px=0, format="geotiff", bands=["S1", "S3"], min_valid_fraction=0.2
    )
    given = scene(np.uint16, 2)
    records, left_out = write_tiles(tmp_path, given, settings, StopSign())
    record = records[4]
    assert left_out == 0 and record.valid_fraction == pytest.approx(0.25)
    with rasterio.open(record.image) as file:
        assert file.descriptions == ("S1", "S3") and file.dtypes == ("uint16",) * 2 and file.nodata == 0
        np.testing.assert_array_equal(file.read(), given.image[:, 16:, 16:32])
    np.testing.assert_array_equal(read_binary_mask(record.mask).known, given.mask.known[16:, 16:32])


def test_a_scene_of_one_tile_keeps_its_name(tmp_path):
    cloud = np.ones((16, 16), bool)
    single = TileScene("mine", "mine", None, BinaryMask(cloud, cloud), "drawn")
    records, _ = write_tiles(tmp_path, single, TileSettings(tile_px=16), StopSign())
    assert [(r.id, r.image, r.content) for r in records] == [("mine", None, "masks")]


def test_the_sign_ends_the_work(tmp_path):
    sign = StopSign()
    sign.put_up()
    with pytest.raises(Stopped):
        write_tiles(tmp_path, scene(), TileSettings(tile_px=16, crop_px=0), sign)

"""Clear images of a folder: found, held against each other and against the tile, and cut."""

import logging

import numpy as np
import pytest

from errors import UserError
from products.scene_reader import SceneReader
from synthesis.clouds.surfaces import Surfaces, find_surfaces
from tests.fakes import clear_images


def opened(folder, side=24, **options):
    return Surfaces(str(folder), SceneReader, side, side, **options)


def test_pictures_rasters_and_arrays_are_found_by_name(tmp_path):
    clear_images.picture(tmp_path / "b" / "picture.PNG")
    clear_images.geotiff(tmp_path / "a.tif")
    np.savez(tmp_path / "c.npz", img=np.zeros((4, 4, 3), np.float32))
    (tmp_path / "notes.txt").write_text("clear")
    found = find_surfaces(str(tmp_path), SceneReader())
    assert [name for name, _ in found] == ["a.tif", "b/picture.PNG", "c.npz"]
    both = find_surfaces([tmp_path / "b", tmp_path / "a.tif"], SceneReader())
    assert [name for name, _ in both] == ["picture.PNG", "a.tif"]


def test_tiles_are_windows_of_the_files(tmp_path):
    pixels = {
        f"{seed}.png": clear_images.picture(tmp_path / f"{seed}.png", 30, 50, seed=seed) for seed in range(3)
    }
    surfaces = opened(tmp_path)
    assert (surfaces.bands, surfaces.eight_bit, len(surfaces)) == (("red", "green", "blue"), True, 3)
    generator = np.random.default_rng(0)
    tiles = [surfaces.draw(generator) for _ in range(40)]
    for tile in tiles:
        rows = slice(tile.window.row, tile.window.bottom)
        columns = slice(tile.window.column, tile.window.right)
        np.testing.assert_array_equal(tile.pixels, pixels[tile.source][:, rows, columns])
        assert tile.valid.all() and tile.pixel_m is None
    assert {tile.source for tile in tiles} == set(pixels)
    assert min(tile.window.column for tile in tiles) < 5 and max(tile.window.right for tile in tiles) > 45


def test_the_grid_and_pixel_of_a_tile(tmp_path):
    clear_images.geotiff(tmp_path / "a.tif", 60, 60, pixel_m=30)
    tile = opened(tmp_path).draw(np.random.default_rng(3))
    assert tile.pixel_m == 30 and tile.grid.shape == (24, 24)
    assert tile.grid.transform[2] == 400_000 + 30 * tile.window.column
    assert tile.grid.transform[5] == 5_000_000 - 30 * tile.window.row


def test_small_and_broken_files_are_left_out_by_name(tmp_path, caplog):
    clear_images.picture(tmp_path / "good.png")
    clear_images.picture(tmp_path / "small.png", 23, 60)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    caplog.set_level(logging.WARNING)
    assert len(opened(tmp_path)) == 1
    assert "small.png (23 x 60)" in caplog.text and "broken.png" in caplog.text


def test_none_that_can_be_used(tmp_path):
    with pytest.raises(UserError, match=r"found no image, expected images without clouds"):
        opened(tmp_path)
    clear_images.picture(tmp_path / "small.png", 23, 60)
    with pytest.raises(UserError, match=r"small.png \(23 x 60\), expected at least 24 x 24 pixels"):
        opened(tmp_path)
    (tmp_path / "small.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"small.png.*expected images without clouds"):
        opened(tmp_path)


def test_one_kind_and_the_same_bands(tmp_path):
    clear_images.geotiff(tmp_path / "a.tif")
    clear_images.geotiff(tmp_path / "b.tif", bands=("S1", "S2"))
    with pytest.raises(
        UserError, match=r"a.tif \(reflectance, S1, S2, S3, S5\) and b.tif \(reflectance, S1, S2\)"
    ):
        opened(tmp_path)
    assert opened(tmp_path, bands=["S2", "S1"]).bands == ("S2", "S1")
    (tmp_path / "b.tif").unlink()
    clear_images.picture(tmp_path / "c.png")
    with pytest.raises(
        UserError, match=r"and c.png \(8-bit picture, red, green, blue\), expected images of one kind"
    ):
        opened(tmp_path)


def test_fingerprint_follows_the_files(tmp_path):
    clear_images.geotiff(tmp_path / "a.tif")
    before = opened(tmp_path).fingerprint()
    assert before == [["a.tif", (tmp_path / "a.tif").stat().st_size]]


@pytest.mark.parametrize("wrong", [{"min_valid": 0}, {"min_valid": 1.5}, {"attempts": 0}])
def test_impossible_numbers_are_refused(tmp_path, wrong):
    clear_images.picture(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"generator: found min_valid="):
        opened(tmp_path, **wrong)

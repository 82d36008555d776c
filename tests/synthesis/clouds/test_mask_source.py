"""Masks of pairs: each of a folder once before any comes again, or made up."""

import numpy as np
import pytest

from errors import UserError
from products.patch_raster import write_patch
from synthesis.clouds.mask_source import ListedMasks, MadeUpMasks
from synthesis.clouds.procedural_masks import ProceduralMasks
from tests.fakes import clear_images


def listed(folder, *, tile_px=None, buckets=None, splits=None, seed=0):
    return ListedMasks(folder, tile_px, buckets, splits, seed)


def draw(source, number):
    return source.draw(number, np.random.default_rng([7, number]))


def test_every_mask_comes_once_in_a_round(tmp_path):
    stored = clear_images.cloud_masks(tmp_path, count=5)
    source = listed(tmp_path)
    assert (len(source), source.height, source.width) == (5, 24, 24)
    for first in (0, 5, 10):
        drawn = [draw(source, number) for number in range(first, first + 5)]
        assert sorted(each.source for each in drawn) == [f"mask_{number}.png" for number in range(5)]
    turned = [draw(source, number) for number in range(5, 40)]
    assert {each.turns for each in turned} == {0, 1, 2, 3} and {each.flipped for each in turned} == {
        True,
        False,
    }
    for each in turned:
        wanted = np.rot90(stored[int(each.source[5])], each.turns)
        np.testing.assert_array_equal(each.cloud, wanted[:, ::-1] if each.flipped else wanted)
    orders = {tuple(draw(listed(tmp_path, seed=seed), n).source for n in range(5)) for seed in range(6)}
    assert len(orders) > 1


def test_windows_of_larger_masks(tmp_path):
    (stored,) = clear_images.cloud_masks(tmp_path, count=1, side=40)
    for number in range(1):
        drawn = draw(listed(tmp_path, tile_px=16), number)
        np.testing.assert_array_equal(
            drawn.cloud, stored[drawn.row : drawn.row + 16, drawn.column : drawn.column + 16]
        )
    with pytest.raises(UserError, match=r"mask_0.png: found 40 x 40 pixels, expected 41 x 41"):
        draw(listed(tmp_path, tile_px=41), 0)


def test_what_a_mask_does_not_know_is_no_cloud(tmp_path):
    mask = np.array([[[0, 1, 255], [1, 255, 0]]], np.uint8)
    write_patch(tmp_path / "a.tif", mask, None, nodata=255)
    assert draw(listed(tmp_path), 0).cloud.tolist() == [[False, True, False], [True, False, False]]


def test_oblong_masks_keep_their_shape(tmp_path):
    write_patch(tmp_path / "a.tif", np.eye(6, 9, dtype=np.uint8)[None], None, nodata=255)
    source = listed(tmp_path)
    assert {draw(source, number).cloud.shape for number in range(12)} == {(6, 9)}


def test_sizes_that_differ_and_masks_that_are_not_binary(tmp_path):
    clear_images.cloud_masks(tmp_path, count=1)
    write_patch(tmp_path / "z.tif", np.zeros((1, 9, 9), np.uint8), None)
    source = listed(tmp_path)
    with pytest.raises(
        UserError, match=r"z.tif: found 9 x 9 pixels, expected 24 x 24; .*tile_px=N cuts windows"
    ):
        [draw(source, number) for number in range(2)]
    write_patch(tmp_path / "z.tif", np.full((1, 24, 24), 7, np.uint8), None)
    with pytest.raises(UserError, match=r"z.tif: found the values 7, expected a binary mask"):
        listed(tmp_path)


def test_ranges_of_cover(tmp_path):
    clear_images.cloud_masks(tmp_path, count=2)
    write_patch(tmp_path / "clear.tif", np.zeros((1, 24, 24), np.uint8), None)
    assert len(listed(tmp_path)) == 3 and len(listed(tmp_path, buckets=[95])) == 2
    assert len(listed(tmp_path, buckets=[0, 95])) == 3
    with pytest.raises(UserError, match=r"no mask of buckets=\[10\] and splits=all, .*the buckets 0, 95"):
        listed(tmp_path, buckets=[10])


def test_fingerprint_follows_the_masks(tmp_path):
    clear_images.cloud_masks(tmp_path, count=2)
    before = listed(tmp_path).fingerprint()
    assert before == listed(tmp_path, seed=3).fingerprint()
    clear_images.cloud_masks(tmp_path, count=3)
    assert before != listed(tmp_path).fingerprint()


def test_made_up_masks_are_a_function_of_seed_and_number():
    source = MadeUpMasks(ProceduralMasks(), 32, 4, 9)
    assert len(source) == 4 and draw(source, 1).source == "procedural"
    np.testing.assert_array_equal(draw(source, 1).cloud, source.draw(1, np.random.default_rng(0)).cloud)
    assert (draw(source, 1).cloud != draw(source, 2).cloud).any()
    assert (draw(source, 1).cloud != draw(MadeUpMasks(ProceduralMasks(), 32, 4, 8), 1).cloud).any()
    assert source.fingerprint() != MadeUpMasks(ProceduralMasks(cover_percent=(5, 6)), 32, 4, 9).fingerprint()

"""Which tiles are taken, and how their images are read."""

import numpy as np
import pytest

from datamodules.slstr_tiles_plan import plan_tiles, preflight
from errors import UserError
from synthesis.clouds.tile_manifest import MANIFEST
from tests.fakes import cloud_tiles


def test_parts_are_those_of_the_manifest(tmp_path):
    records = cloud_tiles.write(tmp_path)
    plan = plan_tiles(tmp_path)
    assert {name: [r.id for r in part] for name, part in plan.parts.items()} == {
        name: sorted(r.id for r in records if r.split == name) for name in ("train", "val", "test")
    }
    assert plan.images.bands == ("red", "green", "blue")


def test_buckets_choose_tiles(tmp_path):
    cloud_tiles.write(tmp_path, tile_px=40)  # covers 7.5, 10 and 12.5 %
    assert {r.row + r.column for r in plan_tiles(tmp_path, buckets=[95]).parts["train"]} == {80}
    assert len(plan_tiles(tmp_path, buckets=[10, 95]).parts["train"]) == 8
    with pytest.raises(
        UserError, match=r"data\.buckets: found no tile with cover in \[100\], expected some of \[10, 95\]"
    ):
        plan_tiles(tmp_path, buckets=[100])


def test_png_images_are_brightness_and_say_gaps_where_there_are_some(tmp_path):
    cloud_tiles.write(tmp_path, gap_px=4)
    plan = plan_tiles(tmp_path)
    gappy, whole = (next(r for r in plan.parts["train"] if r.column == c) for c in (0, 16))
    image, valid = plan.images.read(gappy)
    assert image.dtype == np.float32 and image.shape == (3, 16, 16) and valid.shape == (1, 16, 16)
    assert not valid[:, :, :4].any() and valid[:, :, 4:].all() and not image[:, :, :4].any()
    assert 200 / 255 < image[:, 0, 5].min() <= image.max() <= 223 / 255
    assert plan.images.read(whole)[1].all()


def test_geotiffs_are_reflectance_of_chosen_bands(tmp_path):
    cloud_tiles.write(tmp_path, format="geotiff", gap_px=4)
    plan = plan_tiles(tmp_path, bands=["S5", "S1"], value_range=[0.0, 0.25])
    image, valid = plan.images.read(next(r for r in plan.parts["train"] if r.column == 0))
    assert plan.images.bands == ("S5", "S1") and image.shape[0] == 2
    assert image[:, 0, 5].tolist() == [1, 1] and image[:, 15, 5].max() < 0.01
    assert not valid[:, :, :4].any()
    with pytest.raises(UserError, match=r"data\.bands: found 'S9', expected some of S1, S3, S5"):
        plan_tiles(tmp_path, bands=["S9"])


def test_folders_without_manifest_are_split_here(tmp_path):
    cloud_tiles.write(tmp_path)
    (tmp_path / MANIFEST).unlink()
    parts = plan_tiles(tmp_path, val_fraction=0.25, test_fraction=0.25).parts
    assert [len(parts[name]) for name in ("train", "val", "test")] == [9, 3, 4]
    ids = [record.id for part in parts.values() for record in part]
    assert len(set(ids)) == 16


def test_a_patch_must_fit(tmp_path):
    cloud_tiles.write(tmp_path)
    with pytest.raises(UserError, match=r"data\.patch_size: found 17, expected at most 16"):
        preflight(root=str(tmp_path), patch_size=17)
    preflight(root=str(tmp_path), patch_size=17, resize_px=20)
    preflight(root=None)


def test_masks_alone_and_nothing_to_train_on_are_refused(tmp_path):
    cloud_tiles.write(tmp_path / "masks_only", images=False)
    with pytest.raises(
        UserError, match="found 16 masks without images, expected tiles made with content=both"
    ):
        plan_tiles(tmp_path / "masks_only")
    cloud_tiles.write(tmp_path / "all")
    text = (tmp_path / "all" / MANIFEST).read_text().replace(",train,", ",test,")
    (tmp_path / "all" / MANIFEST).write_text(text)
    with pytest.raises(UserError, match="found no training tile among 16"):
        plan_tiles(tmp_path / "all")


def test_an_impossible_range_is_refused(tmp_path):
    cloud_tiles.write(tmp_path)
    with pytest.raises(UserError, match=r"data\.value_range: found \[1, 0\]"):
        plan_tiles(tmp_path, value_range=[1, 0])

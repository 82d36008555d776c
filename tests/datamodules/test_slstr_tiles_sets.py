"""Samples of cloud tiles: pairs that belong together, and masks and images that do not."""

import numpy as np
import pytest

from datamodules.slstr_tiles_plan import plan_tiles
from datamodules.slstr_tiles_sets import TileChange, TilePairs, TrainingTiles
from errors import UserError
from products.binary_mask import png_bytes
from tests.fakes import cloud_tiles


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles")
    cloud_tiles.write(folder, gap_px=4)
    return plan_tiles(folder)


def pairs(plan, channels=3):
    return TilePairs(plan.parts["train"], plan.images, channels)


def training(plan, unpaired=True, seed=0, **change):
    return TrainingTiles(pairs(plan), TileChange(**change), unpaired=unpaired, seed=seed, satellite=0)


def test_pairs_are_mask_and_image_of_one_tile(plan):
    sample = pairs(plan, 1)[0]
    record = plan.parts["train"][0]
    assert (sample["id"], sample["scene"]) == (record.id, record.product)
    assert sample["source"].shape == (1, 16, 16) and sample["source"].dtype == np.float32
    assert set(np.unique(sample["source"])) == {0, 1}
    bright = sample["target"].mean(axis=0) > 0.5
    np.testing.assert_array_equal(bright, sample["source"][0] > 0)
    assert not sample["valid"][:, :, :4].any()


def test_unpaired_samples_draw_their_image_elsewhere(plan):
    found = training(plan)
    sample = found[(2, 11)]
    assert sample["domain_a"].shape == sample["domain_b"].shape == (3, 16, 16)
    assert sample["valid_a"].dtype == bool and sample["valid_b"].shape == (1, 16, 16)
    assert sample["id"].startswith(plan.parts["train"][2].id + " + ")
    others = {found[(2, draw)]["id"] for draw in range(12)}
    assert len(others) > 3


def test_a_sample_is_a_function_of_seed_and_draw(plan):
    one, two = (training(plan, augmentation="dihedral", patch_size=8) for _ in range(2))
    for key in ("domain_a", "domain_b", "valid_b"):
        np.testing.assert_array_equal(one[(1, 5)][key], two[(1, 5)][key])
    other = training(plan, seed=1, augmentation="dihedral", patch_size=8)
    assert any((one[(1, draw)]["domain_b"] != other[(1, draw)]["domain_b"]).any() for draw in range(3))


def test_paired_training_changes_mask_and_image_alike(plan):
    found = training(plan, unpaired=False, augmentation="dihedral", patch_size=12)
    turned = set()
    for draw in range(12):
        sample = found[(1, draw)]
        assert sample["source"].shape == sample["target"].shape == (3, 12, 12)
        np.testing.assert_array_equal(
            sample["target"].mean(axis=0) > 0.5, (sample["source"][0] > 0) & sample["valid"][0]
        )
        turned.add(sample["source"].tobytes())
    assert len(turned) > 3


def test_resizing_keeps_masks_binary_unless_published(plan):
    sharp = training(plan, resize_px=23, patch_size=20)[(0, 1)]
    assert sharp["domain_a"].shape == (3, 20, 20) and set(np.unique(sharp["domain_a"])) <= {0, 1}
    soft = training(plan, resize_px=23, mask_resampling="bicubic")[(0, 1)]
    assert len(np.unique(soft["domain_a"])) > 2 and 0 <= soft["domain_a"].min() <= soft["domain_a"].max() <= 1


def test_flips_leave_rows_in_their_place(plan):
    found = training(plan, augmentation="flip")
    rows = {found[(0, draw)]["domain_a"].mean(axis=(0, 2)).tobytes() for draw in range(6)}
    assert len(rows) == 1


def test_a_part_draws_from_itself(plan):
    part = training(plan).part([1, 2])
    own = {plan.parts["train"][index].id for index in (1, 2)}
    assert len(part) == 2
    assert {name for draw in range(9) for name in part[(0, draw)]["id"].split(" + ")} <= own


def test_labels_tell_class_and_place(plan):
    found = training(plan)
    assert set(found.labels("class")) == {"cover 95"}
    assert found.labels("place")[0] == f"{plan.parts['train'][0].product}//000000"


def test_images_of_another_size_are_refused(tmp_path):
    cloud_tiles.write(tmp_path)
    plan = plan_tiles(tmp_path)
    plan.parts["train"][0].image.write_bytes(png_bytes(np.ones((3, 15, 16), np.uint8)))
    with pytest.raises(UserError, match=r"found 15 x 16 pixels, expected 16 x 16 as in"):
        pairs(plan)[0]

from pathlib import Path

import numpy as np
import pytest

from datamodules.cloud_pairs_plan import Roles, cloud_or_clear, open_pairs, preflight
from errors import UserError
from products.class_table import ClassTable
from products.scene_reader import SceneReader
from tests.fakes.annotated_scenes import CLOUDS
from tests.fakes.cloud_pairs import pairs

CLOUD_NAMES = ("cloud", "thick_cloud", "thin_cloud")
FRACTIONS = {"val": 0.2, "test": 0.3}


def opened(root: Path, *, test_with: str = "pairs", bands=None, **reader):
    roles = Roles(root, "pairs", test_with, 0.5)
    return open_pairs(roles, SceneReader(**reader), bands=bands, fractions=FRACTIONS, seed=1)


def test_any_classes_become_cloud_or_clear():
    table = cloud_or_clear(CLOUDS, CLOUD_NAMES)
    assert table.names == ("clear", "cloud")
    np.testing.assert_array_equal(
        table.encode(np.array([0, 1, 2, 3, 255], np.uint8), "mask"), [1, 0, 0, 0, 255]
    )
    twelve = ClassTable(
        name="twelve", classes={"clear": 0, "thick_cloud": 1, "thin_cloud": 2, "shadow": 3}, ignore=[99]
    )
    np.testing.assert_array_equal(
        cloud_or_clear(twelve, CLOUD_NAMES).encode(np.array([0, 1, 2, 3, 99], np.uint8), "mask"),
        [0, 1, 1, 0, 255],
    )
    with pytest.raises(UserError, match=r"data\.mask_classes: found a, b, expected classes of which some"):
        cloud_or_clear(ClassTable(name="two", classes={"a": 0, "b": 1}), CLOUD_NAMES)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"train_on": "all"}, "data.train_on: found 'all'"),
        ({"test_with": "both"}, "data.test_with: found 'both'"),
        ({"pair_share": 1.0}, "data.pair_share"),
        ({"images": "scenes"}, "real scenes that nothing uses"),
    ],
)
def test_impossible_roles_are_refused(changes, expected):
    with pytest.raises(UserError, match=expected):
        Roles(**{"root": None, "train_on": "pairs", "test_with": "pairs", "pair_share": 0.5, **changes})


def test_the_manifest_says_which_pairs_test(tmp_path):
    masks = pairs(tmp_path, splits=["train", "val", "test", "none", "", "train"])
    plan = opened(tmp_path)
    assert {key: [area.scene for area in own] for key, own in plan.areas.items()} == {
        "train": [0, 4, 5], "val": [1], "test": [2],
    }  # fmt: skip
    assert plan.bands == ("B3", "B4", "B8", "B11")
    assert [scene.name for scene in plan.scenes][:2] == ["pair_00001", "pair_00002"]
    for mask, own in zip(plan.masks, masks, strict=True):
        np.testing.assert_array_equal(mask.read(mask.window), own)
    assert {len(own) for own in opened(tmp_path, test_with="real").areas.values()} == {6, 0}


def test_without_a_split_a_seeded_part_tests(tmp_path):
    pairs(tmp_path, 10)
    areas = opened(tmp_path).areas
    assert {key: len(own) for key, own in areas.items()} == {"train": 5, "val": 2, "test": 3}
    assert len({area.scene for own in areas.values() for area in own}) == 10
    assert opened(tmp_path).areas == areas


def test_black_and_white_of_pictures_are_data(tmp_path):
    masks = pairs(tmp_path, pictures=True)
    plan = opened(tmp_path)
    assert plan.pictures
    pixels, valid = plan.scenes[0].read(plan.scenes[0].window)
    assert valid.all()
    assert set(np.unique(pixels)) == {0, 200}
    np.testing.assert_array_equal(plan.masks[2].read(plan.masks[2].window), masks[2])
    with pytest.raises(UserError, match="found 8-bit pictures, expected reflectance beside real scenes"):
        opened(tmp_path, test_with="real")


def test_scales_of_real_scenes_do_not_change_pairs(tmp_path):
    pairs(tmp_path, 2)
    scene = opened(tmp_path, scale=10_000).scenes[0]
    assert scene.read(scene.window)[0].max() == 6000


def test_bad_folders_are_named(tmp_path):
    pairs(tmp_path / "few", 2, splits=["test", "val"])
    with pytest.raises(UserError, match="found no pair to train on"):
        opened(tmp_path / "few")
    with pytest.raises(UserError, match="B9"):
        opened(tmp_path / "few", bands=["B3", "B9"])
    with pytest.raises(UserError, match=r"manifest\.csv"):
        opened(tmp_path)
    with pytest.raises(UserError, match=r"data\.root: found null"):
        Roles(None, "pairs", "pairs", 0.5).folder()


def test_preflight_looks_at_what_is_used(tmp_path):
    pairs(tmp_path, 2)
    given = {"train_on": "pairs", "test_with": "pairs", "pair_share": 0.5, "mask_classes": CLOUDS,
             "cloud_names": CLOUD_NAMES, "scenes": SceneReader()}  # fmt: skip
    preflight(root=tmp_path, **given)
    with pytest.raises(UserError, match=r"manifest\.csv"):
        preflight(root=tmp_path / "images", **given)
    with pytest.raises(UserError, match="there is no such file or folder"):
        preflight(
            root=None, **{**given, "train_on": "real", "test_with": "real"}, images=str(tmp_path / "none")
        )
    with pytest.raises(UserError, match=r"data\.split"):
        preflight(root=None, **given, split="somehow")

import json

import numpy as np
import pytest
import torch

from datamodules.cloud_pairs import CloudPairs
from datamodules.cloud_pairs_plan import cloud_or_clear
from errors import UserError
from products.class_table import ClassTable
from products.scene_reader import SceneReader
from tests.fakes.annotated_scenes import CLOUDS, grid, write_pair
from tests.fakes.cloud_pairs import pairs

BINARY = ClassTable(name="cloud_or_clear", classes={"clear": [0], "cloud": [1, 255]}, ignore=())
BANDS = ("B1", "B2", "B3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three real places in quarters of cloud, ground, snow and water, and six pairs."""
    root = tmp_path_factory.mktemp("data")
    for number in range(3):
        own = grid(64, 64, west=300_000 + 10_000 * number)
        write_pair(root, f"place_{number}", 64, own=own, seed=number)
    pairs(root / "pairs", bands=BANDS)
    return root


def data(folder, setup=True, **options) -> CloudPairs:
    given = {
        "patch_size": 16, "test_patch_size": 64, "batch_size": 4, "statistics_windows": 4, "val_fraction": 0.0,
        "test_fraction": 0.3, "split_seed": 1, "root": folder / "pairs", "mask_classes": CLOUDS, "classes": BINARY,
    }  # fmt: skip
    if "real" in (options.get("test_with"), options.get("train_on")):
        given |= {"images": str(folder / "images"), "masks": str(folder / "masks")}
    made = CloudPairs(scenes=SceneReader(), **{**given, **options})
    if setup:
        made.prepare_data()
        made.setup()
    return made


def scenes_of(dataset) -> set[str]:
    return {dataset[index, 0]["scene"] for index in range(len(dataset))}


def test_pairs_alone_are_batches_of_segmentation(folder):
    module = data(folder)
    assert module.channels == module.decided == {"bands": list(BANDS)}
    batch = next(iter(module.train_dataloader()))
    assert batch["image"].shape == (4, 3, 16, 16)
    assert batch["image"].dtype == torch.float32
    assert batch["mask"].dtype == torch.int64
    assert batch["valid"].all()
    assert ((batch["image"][:, 0] == 6000) == (batch["mask"] == 1)).all()  # bright is cloud
    assert len(module.test_set) == 2
    held = {module.test_set[index]["scene"] for index in range(2)}
    assert not held & scenes_of(module.train_set)
    assert module.test_set[0]["image"].shape == (3, 24, 24)
    counts = module.class_counts()
    assert sum(counts) == 4 * 24 * 24
    statistics = module.band_statistics()
    assert len(statistics["mean"]) == 3
    assert 1000 < statistics["mean"][0] < 6000
    assert "made pairs are no scores on clouds" in module.split_note
    assert module.example_input().parent.name == "images"
    assert module.specification.synthetic


@pytest.mark.parametrize("arm", ["pairs", "real", "both"])
def test_arms_differ_by_what_is_trained_on_alone(folder, arm, tmp_path):
    ground = data(folder, train_on="real", test_with="real")
    listed = tmp_path / "labelled.json"
    windows = ground.grid_windows()
    listed.write_text(json.dumps({"windows": windows[:2]}))
    module = data(folder, train_on=arm, test_with="real", labelled=str(listed), windows_per_epoch=8)
    found = scenes_of(module.train_set)
    made = {scene for scene in found if scene.startswith("pair_")}
    assert bool(made) == (arm != "real")
    assert len(made) in (0, 6)
    assert bool(found - made) == (arm != "pairs")
    assert [module.test_set.id(n) for n in range(len(module.test_set))] == [
        ground.test_set.id(n) for n in range(len(ground.test_set))
    ]
    assert module.band_statistics() == ground.band_statistics()
    assert not (found - made) & {ground.test_set.id(0).split("#")[0]}
    if arm == "both":
        ids = [module.train_set[index, 0]["id"] for index in range(len(module.train_set))]
        real = [each for each in ids if not each.startswith("pair_")]
        assert set(real) == set(windows[:2])
        assert len(real) == pytest.approx(len(ids) / 2, abs=1)
    clear, cloud = module.class_counts()
    made_cloud = sum(4 + number for number in range(6)) / (6 * 24)
    # The two windows that are labelled are all cloud.
    expected = {"real": 1.0, "pairs": made_cloud, "both": (1 + made_cloud) / 2}[arm]
    assert cloud / (clear + cloud) == pytest.approx(expected, abs=1e-3)


def test_real_masks_are_cloud_against_all_else(folder):
    module = data(folder, train_on="real", test_with="real")
    found = module.test_set[0]
    # Brightness tells the class in these scenes: 1000 is cloud.
    cloud = found["image"][0] < 1500
    np.testing.assert_array_equal(found["mask"], cloud)
    assert module.split_note == module.real.split_note


def test_surfaces_are_clear_windows_of_the_training_alone(folder, tmp_path):
    module = data(folder, train_on="real", test_with="real")
    count = module.write_clear_windows(tmp_path / "clear", 16, 20)
    assert count == len(list((tmp_path / "clear").iterdir())) == 20
    trained = {each.split("#")[0] for each in module.grid_windows()}
    reader = SceneReader()
    for path in (tmp_path / "clear").iterdir():
        scene = reader.open(path)
        assert path.stem.rsplit("_", 2)[0] in trained
        assert scene.bands == BANDS
        assert scene.read(scene.window)[0].min() > 1500
    with pytest.raises(UserError, match="found no window of 60 x 60 pixels without cloud"):
        module.write_clear_windows(tmp_path / "none", 60, 50)


def test_pictures_alone_keep_their_numbers(tmp_path):
    pairs(tmp_path / "pairs", pictures=True)
    module = data(tmp_path)
    assert module.decided["scenes.nodata"] is None
    assert module.specification.value_range == (0.0, 255.0)
    batch = next(iter(module.train_dataloader()))
    assert batch["valid"].all()
    assert ((batch["image"][:, 0] == 200) == (batch["mask"] == 1)).all()


def test_what_cannot_be_is_refused(folder):
    with pytest.raises(UserError, match=r"expected classes=cloud_or_clear"):
        data(folder, classes=CLOUDS)
    with pytest.raises(UserError, match=r"data\.root: found null"):
        data(folder, root=None)
    with pytest.raises(UserError, match=r"data\.cache and a sensor"):
        data(folder, train_on="real", test_with="real", images=None, masks=None)


@pytest.mark.real
def test_real_scenes_give_surfaces_and_a_test_of_both_classes(real_data, tmp_path):
    csmask = ClassTable(name="csmask", classes={"cloud": 4, "ground": 3, "snow": 2, "water": 1, "shadow": 0})
    module = CloudPairs(
        scenes=SceneReader(scale=10_000, band_order=["B2", "B3", "B4", "B8", "B11", "B12"]),
        mask_classes=csmask, classes=BINARY, bands=["B3", "B4", "B8", "B11"], train_on="real", test_with="real",
        images=str(real_data / "cloudmask_ukis_csmask"), patch_size=48, val_fraction=0.0, test_fraction=0.3,
    )  # fmt: skip
    module.setup()
    assert module.write_clear_windows(tmp_path, 48, 20) == 20
    masks = [module.test_set[index]["mask"] for index in range(len(module.test_set))]
    assert {0, 1} <= set(np.unique(np.concatenate([mask.ravel() for mask in masks])))
    assert cloud_or_clear(csmask, ["cloud"]).names == ("clear", "cloud")

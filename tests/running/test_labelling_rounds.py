import json
from dataclasses import replace

import pytest
from omegaconf import OmegaConf

from errors import UserError
from evaluation.results import write_results
from running.labelling_rounds import Round, lay_out, number_of
from tests.fakes.annotated_scenes import grid, quarters, write_tif

CONFIG = {
    "callbacks": {"active_learning": {"min_valid_fraction": 0.5}},
    "data": {
        "_target_": "datamodules.segmentation.Segmentation",
        "scenes": {"_target_": "products.scene_reader.SceneReader"},
        "classes": {
            "_target_": "products.class_table.ClassTable", "_convert_": "all", "name": "clouds",
            "classes": {f"c{n}": {"values": [n], "colour": [n, n, n]} for n in range(4)},
        },
        "patch_size": 16, "split": "scene", "val_fraction": 0.0, "test_fraction": 0.5, "labelled": None,
    },
}  # fmt: skip


@pytest.fixture
def config(tmp_path):
    """Two scenes of 64 pixels, one for training; the masks know its left half."""
    for name in "ab":
        own = grid(64, 64, west=300_000 + 10_000 * ord(name))
        mask = quarters()
        mask[:, 32:] = 255
        write_tif(
            tmp_path / "images" / f"{name}.tif", 1000 + quarters()[None].astype("uint16"), own, names=["B1"]
        )
        write_tif(tmp_path / "masks" / f"{name}.tif", mask, own)
    found = OmegaConf.create(CONFIG)
    found.data.images, found.data.masks = f"{tmp_path}/images", f"{tmp_path}/masks"
    return found


def test_numbers_and_shares():
    assert number_of(12, 100) == 12
    assert number_of(0.05, 128) == 6
    assert number_of(0.001, 100) == 1
    assert number_of(0, 100) == 0
    assert number_of(1, 100) == 1


def test_first_windows_have_labels_and_belong_to_the_seed(config, tmp_path):
    ground = lay_out(config, tmp_path / "windows.json", [1, 2], 4)
    assert len(ground.windows) == 16
    for seed in (1, 2):
        assert len(set(ground.initial[seed])) == 4
        assert all(int(id.split("#")[1].split(",")[1]) < 32 for id in ground.initial[seed])
    assert ground.initial[1] != ground.initial[2]
    assert config.data.labelled is None


def test_what_was_laid_out_stays(config, tmp_path):
    record = tmp_path / "windows.json"
    before = lay_out(config, record, [1], 4)
    assert lay_out(config, record, [1], 6) == before
    later = lay_out(config, record, [1, 2], 4)
    assert later.initial[1] == before.initial[1]
    assert set(later.initial) == {1, 2}


def test_given_windows_are_the_first(config, tmp_path):
    ids = [*lay_out(config, tmp_path / "windows.json", [1], 0).windows[:3]]
    (tmp_path / "mine.json").write_text(json.dumps({"windows": ids}))
    config.data.labelled = str(tmp_path / "mine.json")
    ground = lay_out(config, tmp_path / "others.json", [1, 2], 8)
    assert ground.initial == {1: tuple(ids), 2: tuple(ids)}
    assert len(ground.windows) == 16


def test_too_few_windows_with_labels(config, tmp_path):
    with pytest.raises(
        UserError, match="found 8 windows of 16 with a class in 50% of their pixels, expected at least 9"
    ):
        lay_out(config, tmp_path / "windows.json", [1], 9)
    assert not (tmp_path / "windows.json").exists()


def test_data_without_windows_are_refused(config, tmp_path):
    config.data = {"_target_": "products.band_roles.BandRoles", "red": ["B4"]}
    with pytest.raises(UserError, match="found BandRoles, expected data=sentinel2_segmentation"):
        lay_out(config, tmp_path / "windows.json", [1], 2)


def test_a_round_is_complete_when_it_has_asked(tmp_path):
    own = Round(tmp_path, 1, 1, ["a#0,0,1,1"], ask=["bald+core_set"], queries=1)
    assert not own.is_complete
    write_results(tmp_path / "results.json", {"experiment": "e", "data": {}, "metrics": {"mean_iou": 0.5}})
    assert not own.is_complete
    assert replace(own, ask=[]).is_complete
    assert replace(own, ask=[]).run(OmegaConf.create())["metrics"] == {"mean_iou": 0.5}
    (tmp_path / "queries" / "bald_core_set").mkdir(parents=True)
    (tmp_path / "queries" / "bald_core_set" / "queries.json").touch()
    assert own.is_complete

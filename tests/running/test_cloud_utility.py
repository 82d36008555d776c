import json
import shutil
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from errors import UserError
from evaluation.results import read_results
from running import folders
from running.cloud_utility import cloud_utility
from synthesis.clouds.pair_manifest import read_pairs
from tests.fakes.annotated_scenes import grid, write_pair

# A network of three layers, two steps, windows of 16 pixels.
WORDS = (
    "experiment=cloud_utility", "data.bands=null", "data.test_fraction=0.25", "data.patch_size=16",
    "data.test_patch_size=64", "data.batch_size=2", "data.statistics_windows=2", "data.windows_per_epoch=8",
    "data.cache=null", "model.network=segnet",
    "model.network_options={widths_down: [4, 4], widths_up: [4, 4], encoder_depth: null, decoder_channels: null}",
    "trainer.max_steps=2", "trainer.enable_progress_bar=false", "num_threads=1", "trainer.accelerator=cpu",
    "procedure.budgets=[0.1,1.0]", "procedure.seeds=[3]", "procedure.pairs.count=4", "procedure.clear_windows=6",
)  # fmt: skip


@pytest.fixture
def words(tmp_path):
    """Three places of four classes, one of them for the test."""
    for number in range(3):
        own = grid(48, 48, west=300_000 + 10_000 * number)
        write_pair(tmp_path, f"place_{number}", 48, own=own, seed=number)
    return (
        *WORDS,
        f"data.images={tmp_path}/images",
        f"data.masks={tmp_path}/masks",
        f"paths.runs={tmp_path}/runs",
    )


def test_arms_budgets_and_a_resumed_run(verb, words):
    done = verb("train", *words)
    assert done.status == 0, done.err
    run = Path(done.last_line)
    home = run / "seed_3"
    names = ["both_10", "both_100", "pairs", "real_10", "real_100"]
    assert sorted(path.parent.name for path in home.glob("*/results.json")) == names
    ground = json.loads((run / "ground.json").read_text())
    configs = {name: OmegaConf.load(home / name / "config.yaml") for name in names}
    assert {name: config.data.train_on for name, config in configs.items()} == {
        "both_10": "both", "both_100": "both", "pairs": "pairs", "real_10": "real", "real_100": "real",
    }  # fmt: skip
    # What differs between arms: what is trained on, and nothing else.
    for config in configs.values():
        assert config.data.test_with == "real"
        assert (config.seed, config.trainer.max_steps) == (3, 2)
    listed = {name: config.data.labelled for name, config in configs.items()}
    assert listed["real_10"] == listed["both_10"]
    assert [listed[name] for name in ("real_100", "both_100", "pairs")] == [None] * 3
    assert json.loads(Path(listed["real_10"]).read_text())["windows"] == ground["order"]["3"][:2]
    assert len(ground["windows"]) == 18
    # Pairs are made of the training ground alone.
    trained = {each.split("#")[0] for each in ground["windows"]}
    assert len(trained) == 2
    sources = {record.surface_source.rsplit("_", 2)[0] for record in read_pairs(home / "made_pairs")}
    assert sources <= trained
    assert len(list((run / "surfaces").iterdir())) == ground["facts"]["surfaces"] == 6
    results = read_results(run / "results.json")
    own = read_results(home / "real_10" / "results.json")
    assert results["metrics"]["real_10/iou_cloud"] == own["metrics"]["iou_cloud"]
    assert results["data"]["test_scenes"] == own["scored"]["scenes"] == 1
    assert "Indicative only" in results["utility"]["conclusion"]
    assert folders.status(run)["state"] == "finished"
    # What was killed goes on where it was, and what is complete is not touched.
    kept = (home / "real_10" / "results.json").stat().st_mtime_ns
    shutil.rmtree(home / "pairs")
    (home / "made_pairs" / "images" / "00002.tif").unlink()
    folders.set_status(run, "failed")
    again = verb("train", *words, "resume=auto")
    assert again.status == 0, again.err
    assert Path(again.last_line) == run
    assert read_results(run / "results.json")["metrics"] == results["metrics"]
    assert (home / "real_10" / "results.json").stat().st_mtime_ns == kept


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"budgets": [0.1, 2]}, r"procedure\.budgets: found \[0\.1, 2\], expected parts"),
        ({"seeds": [1, 1]}, r"procedure\.seeds: found \[1, 1\], expected different"),
        ({"test": False}, "expected fit=true and test=true"),
        (
            {"data": {"_target_": "datamodules.toy.Toy"}},
            "data: found datamodules.toy.Toy, expected data=cloud_pairs",
        ),
        ({"constellation": {"name": "licos"}}, "expected constellation=none"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(tmp_path, given, expected):
    config = OmegaConf.create({"data": {"train_on": "real"}, "fit": True, "test": True, **given})
    with pytest.raises(UserError, match=expected):
        cloud_utility(
            config, tmp_path, pairs=print, budgets=given.get("budgets", [1]), seeds=given.get("seeds", [1])
        )


def test_ground_without_clear_windows_leaves_nothing(verb, words, tmp_path):
    done = verb("train", *words, "procedure.clear_px=40")
    assert done.status == 1
    assert "found no window of 40 x 40 pixels without cloud" in done.err
    assert not list((tmp_path / "runs").rglob("status.json"))

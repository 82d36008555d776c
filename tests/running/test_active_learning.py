import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from errors import UserError
from evaluation.results import read_results
from products.query_folder import Query, read_queries, record_of
from products.window import Window
from running import folders
from running.active_learning import active_learning
from running.instantiation import instantiate
from running.saved_config import read_config
from tests.fakes.annotated_scenes import CLOUDS, grid, quarters, write_pair

# A network of three layers, two steps, windows of 16 pixels.
WORDS = (
    "experiment=segmentation_active", "data.split=scene", "data.val_fraction=0.25",
    "data.test_fraction=0.25", "data.patch_size=16", "data.test_patch_size=64", "data.batch_size=2",
    "data.statistics_windows=2", "data.windows_per_epoch=8", "data.cache=null", "model.network=segnet",
    "model.network_options={widths_down: [4, 4], widths_up: [4, 4]}",
    "trainer.max_steps=2", "trainer.val_check_interval=2", "trainer.enable_progress_bar=false", "num_threads=1",
    "trainer.accelerator=cpu", "callbacks.segmentation_scores.strips=0", "callbacks.active_learning.draws=2",
    "procedure.initial_windows=4", "procedure.windows_per_round=2", "procedure.rounds=1",
    "procedure.acquisitions=[entropy]",
)  # fmt: skip


@pytest.fixture
def words(tmp_path):
    for number in range(4):
        write_pair(
            tmp_path, f"place_{number}", 48, own=grid(48, 48, west=300_000 + 10_000 * number), seed=number
        )
    return (
        *WORDS,
        f"data.images={tmp_path}/images",
        f"data.masks={tmp_path}/masks",
        f"paths.runs={tmp_path}/runs",
    )


def listed(place):
    return json.loads((place / "labelled.json").read_text())["windows"]


def test_masks_answer_beside_random(verb, words):
    done = verb("train", *words)
    assert done.status == 0, done.err
    run = Path(done.last_line)
    home = run / "seed_42"
    first, chosen, random = (listed(home / name) for name in ("round_0", "entropy/round_1", "random/round_1"))
    assert len(first) == 4
    assert chosen[:4] == random[:4] == first
    for arm, windows in (("entropy", chosen), ("random", random)):
        asked = [query.id for query in read_queries(home / "round_0" / "queries" / arm).queries]
        assert windows[4:] == asked
        assert not set(asked) & set(first)
    # the same weights at first: random ones of the seed, in every round
    results = read_results(run / "results.json")
    curves = results["learning_curves"]
    assert curves["total_windows"] == 18  # two scenes of 48 pixels in windows of 16
    assert [point["windows"] for point in curves["arms"]["entropy"]] == [4, 6]
    own = read_results(home / "entropy" / "round_1" / "results.json")["metrics"]["mean_iou"]
    assert curves["arms"]["entropy"][1]["values"] == {"42": own}
    assert results["metrics"]["entropy/mean_iou"] == own
    assert "entropy" in curves["over_random"]
    assert (run / "pictures" / "learning_curve.png").exists()
    assert folders.status(run)["state"] == "finished"
    # what was killed goes on where it was, and what is complete is not touched
    before = (home / "round_0" / "results.json").stat().st_mtime_ns
    shutil.rmtree(home / "random")
    (home / "entropy" / "round_1" / "results.json").unlink()
    folders.set_status(run, "failed")
    again = verb("train", *words, "resume=auto")
    assert again.status == 0, again.err
    assert Path(again.last_line) == run
    assert read_results(run / "results.json")["metrics"] == results["metrics"]
    assert (home / "round_0" / "results.json").stat().st_mtime_ns == before


@pytest.fixture
def mended(tmp_path):
    """Somebody has made snow of the first window of every scene, those of validation and test too."""
    asked = [
        Query(f"{n:04d}", f"place_{n}#0,0,16,16", f"place_{n}", "", Window(0, 0, 16, 16)) for n in range(4)
    ]
    (tmp_path / "mended").mkdir()
    (tmp_path / "mended" / "queries.json").write_text(record_of(CLOUDS, asked))
    for query in asked:
        read_queries(tmp_path / "mended").write_edited(query, np.full((16, 16), 2, np.uint8), {})
    return tmp_path / "mended"


def masks_of(windows):
    """{scene: the first 16 x 16 pixels of its mask, as a set reads them}."""
    first = [windows[place] for place in range(len(windows))]
    return {
        each["scene"]: each["mask"][:16, :16] for each in first if each["id"].split("#")[1].startswith("0,0,")
    }


def test_people_answer(verb, words, mended, tmp_path):
    done = verb("train", *words, "procedure.oracle=human", f"data.edited_masks=[{mended}]")
    assert done.status == 0, done.err
    run = Path(done.last_line)
    assert folders.status(run)["state"] == "waiting"
    folder = read_queries(run / "round_0" / "queries" / "entropy")
    assert f"predict.py task=annotate input='{folder.path}'" in done.out
    assert all(
        folder.file(kind, folder.queries[0]).exists() for kind in ("images", "rgb", "predictions", "masks")
    )
    early = verb("train", *words, "resume=auto")
    assert early.status == 1
    assert "found 0 of 2 windows labelled" in early.err
    assert folders.status(run)["state"] == "waiting"
    for query in folder.queries:
        folder.write_edited(query, np.full((16, 16), 3, np.uint8), {"annotator": "Ada"})
    done = verb("train", *words, "resume=auto")
    assert done.status == 0, done.err
    assert folders.status(run)["state"] == "finished"
    results = read_results(run / "results.json")
    assert [point["windows"] for point in results["learning_curves"]["arms"]["entropy"]] == [4, 6]
    assert not (run / "round_1" / "queries").exists()
    # answers are in the training of the next round, and in no validation or test
    config = read_config(run / "round_1")
    assert list(config.data.edited_masks) == [str(mended), str(folder.path)]
    data = instantiate(config.data)
    data.setup()
    truth = quarters(48, 48)[:16, :16]
    for windows in (data.val_set, data.test_set):
        assert all((mask == truth).all() for mask in masks_of(windows).values())
        assert len(masks_of(windows)) == 1
    assert all((mask == 2).all() for mask in masks_of(data.labelled_set).values())
    answered = {query.id for query in folder.queries}
    seen = [data.labelled_set[place] for place in range(len(data.labelled_set))]
    assert sum((each["mask"] == 3).all() for each in seen if each["id"] in answered) == 2
    left_out = [line for line in (run / "train.log").read_text().splitlines() if "left out" in line]
    assert "2 windows are not within the training ground and left out" in left_out[0]
    # the network of the last round is the run's
    assert (run / "checkpoints" / "best.ckpt").exists()
    scene = tmp_path / "images" / "place_0.tif"
    made = verb("predict", f"run={run}", f"input={scene}", f"output={tmp_path}/classes.tif", "num_threads=1")
    assert made.status == 0, made.err
    assert (tmp_path / "classes.tif").exists()


def test_a_budget_beyond_the_ground_leaves_nothing(verb, words, tmp_path):
    done = verb("train", *words, "procedure.initial_windows=17")
    assert done.status == 1
    assert "17 windows and 1 x 2 more were asked for, but the training ground has 18" in done.err
    assert not list((tmp_path / "runs").rglob("status.json"))


@pytest.mark.parametrize(
    ("keys", "arguments", "expected"),
    [
        ({"callbacks": {"active_learning": {"draws": 2}}}, {}, "expected callbacks=active_learning"),
        ({"callbacks": None}, {}, "expected callbacks=active_learning"),
        ({"fit": False}, {}, "expected fit=true and test=true"),
        ({"constellation": {"name": "licos"}}, {}, "expected constellation=none"),
        ({}, {"oracle": "people"}, "found 'people', expected one of masks, human"),
        ({}, {"initial_windows": "all"}, "leaves nothing to ask the masks"),
        ({}, {"acquisitions": []}, "found 0, expected at least one"),
        ({}, {"oracle": "human", "acquisitions": ["entropy", "bald"]}, "found 2, expected one"),
        ({}, {"oracle": "human", "seeds": [1, 2]}, "procedure.seeds: found 2, expected one"),
        ({}, {"acquisitions": ["entropie"]}, "found 'entropie'"),
        ({"callbacks": {"active_learning": {"_target_": "x", "draws": 0}}}, {"acquisitions": ["bald"]}, "found 1, expected"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(tmp_path, keys, arguments, expected):
    config = {
        "fit": True, "test": True, "seed": 1, "trainer": {}, "constellation": {"name": "none"},
        "callbacks": {"active_learning": {"_target_": "x", "draws": 2}},
    }  # fmt: skip
    given = {
        "oracle": "masks",
        "acquisitions": ["entropy"],
        "rounds": 1,
        "initial_windows": 2,
        "windows_per_round": 2,
    }
    with pytest.raises(UserError, match=expected):
        active_learning(OmegaConf.create({**config, **keys}), tmp_path, **{**given, **arguments})
    assert not list(tmp_path.iterdir())

import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from evaluation.results import read_results
from tests.fakes import images


@pytest.fixture
def run(verb, small_training) -> Path:
    done = verb("train", *small_training, "test=false")
    assert done.status == 0, done.err
    return Path(done.last_line)


def test_a_run_is_tested_into_a_new_folder(verb, run, tmp_path):
    other = tmp_path / "other (1)=a"
    images.aid(other, per_class=5, height=80, width=80)
    before = (run / "config.yaml").read_text()
    done = verb("test", f"run={run}", f"data.root={other}", "data.test_on=all", "codec=jpeg", "seed=5")
    assert done.status == 0, done.err
    folder = Path(done.last_line)
    assert folder.parent == run / "tests"
    results = read_results(folder / "results.json")
    assert results["data"]["source"] == str(other)
    points = results["rate_distortion"]
    assert {point["codec"] for point in points} == {"learned", "jpeg"}
    assert {point["images"] for point in points} == {15}  # not capped as the test after a training is
    assert len(list(folder.glob("pictures/*.png"))) >= 2
    config = OmegaConf.load(folder / "config.yaml")
    assert (config.data.root, config.data.batch_size) == (str(other), 2)
    assert (run / "config.yaml").read_text() == before
    assert not (run / "results.json").exists()
    assert json.loads((folder / "provenance.json").read_text())["seed"] == 5


def test_a_checkpoint_is_enough(verb, run, tmp_path):
    alone = tmp_path / "alone" / "weights.ckpt"
    alone.parent.mkdir()
    alone.write_bytes((run / "checkpoints" / "best.ckpt").read_bytes())
    done = verb("test", f"ckpt_path={alone}", "codec=none")
    assert done.status == 0, done.err
    assert Path(done.last_line).parent == alone.parent / "tests"
    assert read_results(Path(done.last_line) / "results.json")["metrics"]["bits_per_pixel"] > 0


def test_a_sweep_is_joined_and_a_list_too(verb, small_training):
    words = [*small_training, "test=false", "trainer.max_steps=4", "trainer.val_check_interval=4"]
    sweep = Path(verb("train", "-m", *words, "model.lmbda=0.001,0.05").last_line)
    done = verb("test", f"run={sweep}", "codec=jpeg")
    assert done.status == 0, done.err
    folder = Path(done.last_line)
    assert folder.parent == sweep / "tests"
    joined = read_results(folder / "results.json")
    assert [point["codec"] for point in joined["rate_distortion"]].count("learned") == 2
    assert joined["bd_rate"] == {}
    assert "jpeg" in joined["rate_saving_at_equal_psnr"]
    assert (folder / "pictures" / "rate_distortion.png").exists()
    again = verb("test", f"run=[{sweep}/job_0,{sweep}/job_1]", "codec=none")
    assert again.status == 0, again.err
    assert len(read_results(Path(again.last_line) / "results.json")["rate_distortion"]) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run={nowhere}"], "there is no such folder"),
        (["ckpt_path={nowhere}"], "there is no such checkpoint"),
        (["run={run}", "ckpt_path={nowhere}"], "were both given"),
        (["run={run}", "data.root={nowhere}"], "nowhere"),
        (["run={run}", "checkpoint=best_of_all"], "expected one of best, last"),
        (["run={run}", "model.network_options={N: 10, M: 12}"], "a checkpoint of another model"),
        (["run={run}", "data.patch_sise=32"], "did you mean 'data.patch_size'?"),
        (["paths.runs={nowhere}"], "no run below"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(verb, run, tmp_path, words, expected):
    values = {"run": str(run), "nowhere": str(tmp_path / "nowhere")}
    done = verb(
        "test",
        *(word.replace("{run}", values["run"]).replace("{nowhere}", values["nowhere"]) for word in words),
    )
    assert done.status == 1
    assert expected in done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (run / "tests").exists()
    assert not (tmp_path / "nowhere").exists()


def test_run_without_checkpoint(verb, run):
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    done = verb("test", f"run={run}")
    assert done.status == 1
    assert "expected checkpoints/best.ckpt, found no checkpoint" in done.err

import csv
import json
from pathlib import Path

import torch
from omegaconf import OmegaConf

from evaluation.results import read_results
from running.checkpoint_io import load_checkpoint


def test_a_run_folder_holds_what_it_should(verb, small_training):
    done = verb("train", *small_training, "seed=7")
    assert done.status == 0, done.err
    run = Path(done.last_line)
    assert run.is_dir()
    assert "=" not in run.name
    for name in (
        "config.yaml", "config_resolved.yaml", "overrides.yaml", "provenance.json", "status.json", "metrics.csv",
        "results.json", "checkpoints/last.ckpt", "checkpoints/best.ckpt", "train.log",
    ):  # fmt: skip
        assert (run / name).exists(), name
    assert list(run.glob("pictures/*.png"))
    assert json.loads((run / "status.json").read_text())["state"] == "finished"
    config = OmegaConf.load(run / "config.yaml")
    assert config.model.in_channels == 3  # what the data decided is on record
    assert OmegaConf.is_interpolation(config.data, "seed")
    results = read_results(run / "results.json")
    assert results["metrics"]["psnr"] > 0
    assert {point["codec"] for point in results["rate_distortion"]} == {"learned"}
    with (run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["step"] for row in rows if row["train/loss"]} == {"0", "1", "2", "3", "4", "5"}
    checkpoint = load_checkpoint(run / "checkpoints" / "last.ckpt")
    assert checkpoint["global_step"] == 6
    assert checkpoint["nadir"]["config"]["seed"] == 7


def test_two_runs_of_one_seed_are_the_same_and_of_another_seed_are_not(verb, small_training):
    folders = [
        Path(verb("train", *small_training, "test=false", f"seed={seed}").last_line) for seed in (1, 1, 2)
    ]
    weights = [load_checkpoint(folder / "checkpoints" / "last.ckpt")["state_dict"] for folder in folders]
    assert len(set(folders)) == 3
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def test_a_sweep_leaves_two_clean_runs(verb, small_training):
    done = verb("train", "-m", *small_training, "model.quality=1,2", "trainer.max_steps=2", "logger=wandb")
    assert done.status == 0, done.err
    sweep = Path(done.last_line)
    jobs = [Path(line) for line in done.out.strip().splitlines()[-3:-1]]
    assert [job.name for job in jobs] == ["job_0", "job_1"]
    assert {job.parent for job in jobs} == {sweep}
    assert [OmegaConf.load(job / "config.yaml").model.quality for job in jobs] == [1, 2]
    assert all((job / "results.json").exists() for job in jobs)
    identities = {(job / "wandb_id.txt").read_text() for job in jobs}
    assert len(identities) == 2
    assert all(list((job / "wandb").glob("offline-run-*")) for job in jobs)


def test_debug_leaves_one_batch(verb, small_training):
    done = verb("train", *small_training, "debug=one_batch")
    assert done.status == 0, done.err
    assert not list(Path(done.last_line).glob("checkpoints/*"))


def test_a_sweeper_gets_the_objective(verb, small_training):
    words = [word for word in small_training if not word.startswith("trainer.")]
    done = verb(
        "train", "-m", *words, "trainer.accelerator=cpu", "trainer.max_steps=2", "test=false",
        "hparams_search=compression", "hydra.sweeper.n_trials=2",
    )  # fmt: skip
    assert done.status == 0, done.err
    sweep = Path(done.last_line)
    best = OmegaConf.load(sweep / "optimization_results.yaml")
    assert best.best_value > 0
    assert len(list(sweep.glob("job_*/checkpoints/last.ckpt"))) == 2


def test_the_progress_bar_can_be_switched_off(verb, small_training):
    done = verb(
        "train", *small_training, "trainer.enable_progress_bar=false", "trainer.max_steps=2", "test=false"
    )
    assert done.status == 0, done.err
    assert "step 2" not in done.out

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from errors import UserError
from evaluation.results import read_results
from running.joining import join_and_report


def member(psnr: float) -> dict:
    return {
        "experiment": "toy",
        "data": {},
        "metrics": {},
        "scores": {"model": {"psnr": psnr}, "do_nothing": {"psnr": 9.0}},
    }


def runs(folder: Path, *words: list[str]) -> list[Path]:
    found = []
    for number, own in enumerate(words):
        run = folder / f"run_{number}"
        run.mkdir()
        (run / "overrides.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create([own, ["resumed=later"]])))
        found.append(run)
    return found


def test_seeds_become_one_row(tmp_path):
    folders = runs(tmp_path, ["experiment=toy", "seed=1"], ["experiment=toy", "seed=2"])
    join_and_report([member(20.0), member(22.0)], folders, tmp_path / "joined")
    joined = read_results(tmp_path / "joined" / "results.json")
    assert joined["scores"] == {"toy": {"psnr": 21.0}, "do_nothing": {"psnr": 9.0}}
    assert joined["num_seeds"] == {"toy": 2}
    assert joined["runs"] == [str(folder) for folder in folders]


def test_families_are_not_mixed(tmp_path):
    folders = runs(tmp_path, [], [])
    codec = {"experiment": "compression", "data": {}, "metrics": {}, "rate_distortion": []}
    with pytest.raises(UserError, match="run_1 has no scores"):
        join_and_report([member(20.0), codec], folders, tmp_path / "joined")
    assert not (tmp_path / "joined").exists()

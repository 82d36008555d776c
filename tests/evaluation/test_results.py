"""The schema of `results.json` and its file."""

from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from evaluation.results import SCHEMA, read_results, write_results

GOOD = {"experiment": "toy", "data": {"source": "somewhere"}, "metrics": {"psnr": 31.5}}


def test_results_come_back_as_plain_numbers(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(
        path, {**GOOD, "metrics": {"psnr": np.float32(31.5), "images": np.int64(3)}, "list": np.arange(2)}
    )
    assert read_results(path) == {
        "schema": SCHEMA, **GOOD, "metrics": {"psnr": 31.5, "images": 3}, "list": [0, 1],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metrics": {"psnr": float("nan")}}, "results.metrics.psnr is nan"),
        ({"metrics": {"psnr": "high"}}, "metrics.psnr must be a number"),
        ({"metrics": {"psnr": True}}, "metrics.psnr must be a number"),
        ({"experiment": None}, "experiment must be str"),
        ({"schema": "other/1"}, "expected 'nadir-results/1'"),
        ({"bd_rate": {"jpeg": "much"}}, "bd_rate.jpeg"),
        (
            {"rate_distortion": [{"codec": "jpeg", "bytes": 1, "bits_per_pixel": 1.0}]},
            r"rate_distortion\[0\].psnr",
        ),
        ({"scores": [1]}, "scores must be an object of method and scores"),
        ({"scores": {"model": 3}}, "scores.model must be an object of score and number"),
        ({"scores": {"model": {"psnr": "high"}}}, "scores.model.psnr must be a number or null"),
        ({"scores_std": {"model": {"psnr": True}}}, "scores_std.model.psnr must be"),
        ({"pixels": object()}, "results.pixels is a object"),
    ],
)
def test_what_breaks_the_schema_is_not_written(tmp_path: Path, change: dict, said: str) -> None:
    path = tmp_path / "results.json"
    write_results(path, GOOD)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=said):
        write_results(path, {**GOOD, **change})
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_scores_may_be_unknown(tmp_path: Path) -> None:
    scores = {"model": {"psnr": 21.0, "sam": None}, "do_nothing": {"psnr": 8.0}}
    write_results(tmp_path / "results.json", {**GOOD, "scores": scores})
    assert read_results(tmp_path / "results.json")["scores"] == scores


def test_unreadable_files_are_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(UserError, match="cannot read"):
        read_results(path)
    path.write_text("{")
    with pytest.raises(UserError, match="is not JSON"):
        read_results(path)
    path.write_text("[]")
    with pytest.raises(UserError, match="must be an object"):
        read_results(path)

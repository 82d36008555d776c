"""What stands in the tables of scores."""

import re
from io import StringIO

from rich.console import Console

from evaluation.score_table import score_tables

SCORES = {
    "model": {"psnr": 21.456, "sam": 3.21, "psnr_published": 20.04, "jaccard": 0.5, "accuracy": None},
    "do_nothing": {"psnr": 8.0, "sam": 2.0, "psnr_published": 10.06, "jaccard": None, "accuracy": None},
}


def printed(results: dict, width: int = 80) -> str:
    console = Console(file=StringIO(), width=width, force_terminal=True, color_system="standard")
    for table in score_tables(results):
        console.print(table)
    return console.file.getvalue()


def test_two_tables_with_the_columns_that_have_values() -> None:
    text = printed({"scores": SCORES, "scored": {"scenes": 3, "frames": 90}})
    words = re.sub("\x1b\\[[0-9;]*m", " ", text).split()
    assert {"scenes:", "3,", "frames:", "90", "published"} <= set(words)
    assert "acc." not in words and "F1" not in words
    assert "21.46" in text and "do nothing" in text and "20.0" in text


def test_the_best_of_a_column_is_bold() -> None:
    text = printed({"scores": SCORES})
    bold = {part.split("\x1b[0m")[0].strip() for part in text.split("\x1b[1m")[1:]}
    assert {"21.46", "2.0", "20.0", "0.500"} <= bold and "3.2" not in bold


def test_joined_runs_show_their_spread() -> None:
    spread = {"psnr": 0.25, "sam": None}
    text = printed({"scores": SCORES, "scores_spread": {"model": spread}})
    lines = re.sub("\x1b\\[[0-9;]*m", "", text).splitlines()
    row = next(index for index, line in enumerate(lines) if "21.46" in line)
    assert lines[row].split()[0] == "model" and lines[row + 1].split() == ["±0.25"]


def test_no_table_without_scores_and_everything_fits_80_columns() -> None:
    assert score_tables({"metrics": {}}) == []
    names = ("psnr", "ssim", "mae", "sam", "ergas", "accuracy", "kappa", "f1", "jaccard_ratio", "jaccard",
             "jaccard_real", *(f"{n}_published" for n in ("mae", "mse", "psnr", "ssim", "sam")))  # fmt: skip
    full = {"temporal_interpolation": dict.fromkeys(names, 0.123), "model": dict.fromkeys(names, 8.888)}
    everything = {name: dict.fromkeys(names, 0.012) for name in full}
    text = printed({"scores": full, "scores_spread": everything})
    assert "interpolation" in text and "…" not in text
    assert all(name in text for name in ("ERGAS", "J ratio", "kappa", "J real"))


def test_super_resolution_has_its_scores_and_a_row_for_each_band() -> None:
    others = {"sre": 33.8, "ergas": 0.9, "consistency_rmse": 9.0, "sam": None}
    scores = {
        "model": {"rmse": 41.16, "uiq": 0.981, **others},
        "bicubic": {"rmse": 146.4, "uiq": 0.884, **others},
    }
    bands = {"model": {"B5": {"rmse": 26.3}, "B12": {"rmse": None}}, "bicubic": {"B5": {"rmse": 105.04}}}
    text = printed(
        {"scores": scores, "bands": bands, "scored": {"target_m": 20, "scenes": 1, "windows": 9, "pixels": 4}}
    )
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert "target_m: 20, scenes: 1, windows: 9" in plain
    lines = {line.split()[0]: line.split()[1:] for line in plain.splitlines() if line.strip()}
    assert " UIQ " in plain and " SAM " not in plain.splitlines()[2]  # no column without values
    assert lines["model"] == ["41.2", "33.80", "0.981", "0.90", "9.0"]
    assert lines["bicubic"][0] == "146.4" and lines["B5"] == ["26.3", "105.0"] and lines["B12"] == ["-", "-"]
    bold = {part.split("\x1b[0m")[0].strip() for part in text.split("\x1b[1m")[1:]}
    assert {"41.2", "0.981", "26.3"} <= bold and "105.0" not in bold

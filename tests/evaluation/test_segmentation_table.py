"""What stands on the terminal after the test of a segmentation."""

from typing import Any

import numpy as np
from rich.console import Console

from evaluation.segmentation_scores import MAJORITY, MODEL, SegmentationScoreBoard
from evaluation.segmentation_table import segmentation_tables


def _printed(results: dict[str, Any], width: int = 100) -> list[str]:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    for table in segmentation_tables(results):
        console.print(table)
    return console.export_text().splitlines()


def _results() -> dict[str, Any]:
    board = SegmentationScoreBoard(("cloud", "bare_ground", "snow"))
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    board.add("a", {MODEL: np.array([[0, 1, 1, 1]], np.uint8)}, truth)
    board.add_constant(MAJORITY, 1)
    return board.sections()


def test_methods_stand_below_each_other() -> None:
    lines = _printed(_results())
    model = next(line for line in lines if line.startswith(" model"))
    assert model.split() == ["model", "0.583", "0.733", "0.833", "0.750", "0.750", "0.500"]
    assert any("mean IoU" in line and "kappa" in line for line in lines)
    assert any(line.strip() == "scenes: 1, windows: 1, pixels: 4" for line in lines)


def test_each_class_has_a_column_and_an_absent_one_a_dash() -> None:
    lines = _printed(_results())
    assert any(line.split() == ["cloud", "bare", "ground", "snow"] for line in lines)
    assert [line.split() for line in lines if line.startswith(" majority")][1] == [
        "majority",
        "0.000",
        "0.500",
        "-",
    ]


def test_the_spread_over_seeds_stands_below() -> None:
    results = {**_results(), "scores_spread": {MODEL: {"mean_iou": 0.0123}}}
    assert any("±0.012" in line for line in _printed(results))


def test_other_families_have_none() -> None:
    assert segmentation_tables({"scores": {"model": {"psnr": 3.0}}, "scored": {"scenes": 2}}) == []
    assert segmentation_tables({}) == []

"""The board of methods: what is pooled, what is by scene, and what is said of what has no score."""

import numpy as np
import pytest

from evaluation.results import problem_of
from evaluation.super_resolution_consistency import ConsistencySums
from evaluation.super_resolution_scores import SuperResolutionScoreBoard

TARGET = np.full((2, 16, 16), 1000.0, np.float32)
ALL = np.ones(TARGET.shape, bool)


def _board(threads: int = 2) -> SuperResolutionScoreBoard:
    return SuperResolutionScoreBoard(["B1", "B9"], 60, 6, threads)


def test_errors_are_pooled_over_scenes_and_not_averaged() -> None:
    board = _board()
    half = ALL.copy()
    half[:, 8:] = False
    board.add("a", {"model": TARGET + 3, "bicubic": TARGET + 30}, TARGET, ALL)
    board.add("b", {"model": TARGET + 9, "bicubic": TARGET + 90}, TARGET, half)
    found = board.sections()
    pooled = np.sqrt((2 * 9 + 81) / 3)
    assert found["scores"]["model"]["rmse"] == pytest.approx(pooled)
    assert found["bands"]["bicubic"]["B9"]["rmse"] == pytest.approx(10 * pooled)
    assert found["scenes"]["b"]["model"]["rmse"] == pytest.approx(9)
    assert found["scores_std"]["model"]["rmse"] == pytest.approx(np.std([3, 9], ddof=1))
    assert found["scored"] == {"target_m": 60, "scenes": 2, "windows": 2, "pixels": 384}
    results = {"schema": "nadir-results/1", "experiment": "x", "data": {}, "metrics": {}, **found}
    assert problem_of(results) is None and found["score_notes"] == {}


def test_a_band_without_data_is_named_and_left_out() -> None:
    valid = ALL.copy()
    valid[1] = False
    board = _board()
    board.add("a", {"model": TARGET + np.array([[[4.0]], [[400.0]]], np.float32)}, TARGET, valid)
    found = board.sections()
    assert found["score_notes"] == {"B9": "no pixel of the target has data"}
    assert found["scores"]["model"]["rmse"] == pytest.approx(4.0)
    assert found["bands"]["model"]["B9"] == {"rmse": None, "sre": None, "uiq": None}
    assert found["scores_std"]["model"]["rmse"] is None


def test_consistency_is_pooled_beside() -> None:
    board = _board(threads=1)
    board.add("a", {"model": TARGET + 1, "bicubic": TARGET}, TARGET, ALL)
    for squared in (4.0, 16.0):
        sums = ConsistencySums(np.array([2, 0]), np.array([squared, 0.0]))
        board.add_consistency({"model": sums})
    found = board.sections()
    assert found["scores"]["model"]["consistency_rmse"] == pytest.approx(np.sqrt(5))
    assert found["bands"]["model"]["B9"]["consistency_rmse"] is None
    assert found["scores"]["bicubic"]["consistency_rmse"] is None


def test_nothing_tested_has_empty_sections() -> None:
    found = _board().sections()
    assert found["scores"] == {} and found["scored"]["pixels"] == 0

"""Methods side by side over scenes, as they stand in results.json."""

import json

import numpy as np
import pytest

from evaluation.joined_scores import join_scores
from evaluation.results import problem_of
from evaluation.segmentation_metrics import count_pixels, segmentation_scores
from evaluation.segmentation_scores import MAJORITY, MODEL, SegmentationScoreBoard

NAMES = ("cloud", "ground", "snow")


def _truth(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice([0, 1, 255], (20, 30)).astype(np.uint8)


def _board(wrong: float = 0.2) -> SegmentationScoreBoard:
    board = SegmentationScoreBoard(NAMES)
    for number, scene in enumerate(("north", "north", "south")):
        truth = _truth(number)
        flipped = np.random.default_rng(9 + number).random(truth.shape) < wrong * (number + 1)
        prediction = np.where(truth == 255, 0, truth ^ flipped).astype(np.uint8)
        board.add(scene, {MODEL: prediction, MAJORITY: np.ones_like(truth)}, truth)
    return board


def test_sections_follow_the_schema() -> None:
    board = _board()
    sections = board.sections()
    results = {"schema": "nadir-results/1", "experiment": "x", "data": {}, "metrics": {}, **sections}
    assert problem_of(json.loads(json.dumps(results))) is None
    assert list(sections["scores"]) == [MODEL, MAJORITY] and list(sections["scenes"]) == ["north", "south"]
    known = sum(int((_truth(number) != 255).sum()) for number in range(3))
    assert sections["scored"] == {"classes": list(NAMES), "scenes": 2, "windows": 3, "pixels": known}
    matrix = np.array(sections["confusion_matrices"][MODEL])
    assert matrix.sum() == known
    assert sections["scores"][MODEL] == segmentation_scores(matrix, NAMES)
    assert sections["score_notes"] == {"snow": "no pixel of the test set is of this class"}
    cloud = sections["class_scores"][MODEL]["cloud"]
    assert cloud["truth_pixels"] == matrix[0].sum() and cloud["precision"] == pytest.approx(
        matrix[0, 0] / matrix[:, 0].sum()
    )
    assert sections["class_scores"][MODEL]["snow"]["iou"] is None


def test_scenes_are_scored_by_themselves_and_spread() -> None:
    sections = _board().sections()
    south = count_pixels(_truth(2), np.ones((20, 30), np.uint8), 3)
    assert sections["scenes"]["south"][MAJORITY] == segmentation_scores(south, NAMES)
    values = [sections["scenes"][scene][MODEL]["mean_iou"] for scene in ("north", "south")]
    assert sections["scores_std"][MODEL]["mean_iou"] == pytest.approx(np.std(values, ddof=1))
    assert sections["scores_std"][MODEL]["iou_snow"] is None


def test_pixels_without_prediction_are_told() -> None:
    board = SegmentationScoreBoard(NAMES)
    board.add("a", {MODEL: np.array([[0, 255]], np.uint8)}, np.array([[0, 1]], np.uint8))
    notes = board.sections()["score_notes"]
    assert notes["model, left out"].startswith("1 pixels") and board.scores()[MODEL]["accuracy"] == 1


def test_a_method_that_failed_has_no_scores() -> None:
    board = _board()
    board.fail(MODEL, "not finite")
    sections = board.sections()
    assert set(sections["scores"][MODEL].values()) == {None} == set(sections["scores_std"][MODEL].values())
    assert sections["scores"][MAJORITY]["accuracy"] > 0 and sections["score_notes"][MODEL] == "not finite"


def test_seeds_are_joined() -> None:
    results = [{"experiment": "x", **_board(wrong).sections()} for wrong in (0.1, 0.2)]
    joined = join_scores(results, ["a", "a"])
    values = [result["scores"][MODEL]["iou_cloud"] for result in results]
    assert joined["scores"]["a"]["iou_cloud"] == pytest.approx(np.mean(values))
    assert joined["scores_spread"]["a"]["mean_iou"] > 0 and joined["scores"][MAJORITY]["mean_iou"] > 0
    assert joined["scores"]["a"]["iou_snow"] is None

"""Scores against figures worked out by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score, jaccard_score

from evaluation.segmentation_metrics import class_table, count_pixels, segmentation_scores

NAMES = ("cloud", "ground", "snow", "water")


def _maps(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice([0, 1, 3, 255], (40, 50), p=[0.2, 0.6, 0.1, 0.1]).astype(np.uint8)
    prediction = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 2, truth.shape)).astype(
        np.uint8
    )
    return truth, np.where(prediction == 255, 0, prediction).astype(np.uint8)


def test_counts_have_the_truth_in_rows_and_leave_255_out() -> None:
    truth = np.array([[0, 0, 1], [255, 1, 2]], np.uint8)
    prediction = np.array([[0, 1, 1], [1, 255, 2]], np.uint8)
    assert count_pixels(truth, prediction, 3).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert count_pixels(truth.astype(np.int64), prediction, 3).dtype == np.int64


def test_numbers_that_are_no_classes_are_refused() -> None:
    truth = np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match="prediction: found class 4, expected 0 to 3 or 255"):
        count_pixels(truth, truth + np.uint8(4), 4)
    with pytest.raises(ValueError, match="truth: found class 9"):
        count_pixels(truth + np.uint8(9), truth, 4)
    with pytest.raises(ValueError, match="shape"):
        count_pixels(truth, truth[:1], 4)


def test_scores_by_hand() -> None:
    counts = np.array([[6, 2, 0, 0], [1, 11, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    scores = segmentation_scores(counts, NAMES)
    assert scores["iou_cloud"] == pytest.approx(6 / 9) and scores["iou_ground"] == pytest.approx(11 / 14)
    assert scores["mean_iou"] == pytest.approx((6 / 9 + 11 / 14) / 2)
    assert scores["mean_precision"] == pytest.approx((6 / 7 + 11 / 13) / 2)
    assert scores["mean_recall"] == pytest.approx((6 / 8 + 11 / 12) / 2)
    assert scores["accuracy"] == pytest.approx(17 / 20)
    assert scores["iou_snow"] is None and scores["iou_water"] is None


def test_a_class_that_is_only_predicted_counts_as_zero_and_an_absent_one_not_at_all() -> None:
    counts = np.zeros((4, 4), np.int64)
    counts[1] = [0, 9, 1, 0]
    scores = segmentation_scores(counts, NAMES)
    assert scores["iou_snow"] == 0 and scores["iou_cloud"] is None
    assert scores["mean_iou"] == pytest.approx(0.9 / 2)
    table = class_table(counts)
    assert np.isnan(table["recall"][2]) and table["precision"][2] == 0 and np.isnan(table["iou"][0])


def test_published_scores_are_those_of_scikit_learn_weighted_by_the_truth() -> None:
    truth, prediction = _maps()
    known = truth != 255
    a, b = truth[known], prediction[known]
    scores = segmentation_scores(count_pixels(truth, prediction, 4), NAMES)
    assert scores["iou_weighted_published"] == pytest.approx(jaccard_score(a, b, average="weighted"))
    assert scores["f1_weighted_published"] == pytest.approx(f1_score(a, b, average="weighted"))
    assert scores["mean_iou"] == pytest.approx(jaccard_score(a, b, average="macro"))
    assert scores["mean_f1"] == pytest.approx(f1_score(a, b, average="macro"))
    assert scores["kappa"] == pytest.approx(cohen_kappa_score(a, b))
    assert scores["iou_weighted_published"] > scores["mean_iou"]  # what is common hides what is rare


def test_the_order_of_windows_does_not_matter() -> None:
    truth, prediction = _maps(1)
    whole = count_pixels(truth, prediction, 4)
    parts = sum(count_pixels(truth[i : i + 7], prediction[i : i + 7], 4) for i in range(0, 40, 7))
    assert (whole == parts).all()


def test_nothing_counted_is_none() -> None:
    scores = segmentation_scores(np.zeros((4, 4), np.int64), NAMES)
    assert set(scores.values()) == {None}
    one = np.zeros((4, 4), np.int64)
    one[1, 1] = 5
    assert (
        segmentation_scores(one, NAMES)["kappa"] is None and segmentation_scores(one, NAMES)["mean_iou"] == 1
    )

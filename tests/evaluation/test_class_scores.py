"""Scores of a confusion matrix against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix, f1_score, jaccard_score

from evaluation.class_scores import class_scores, confusion


@pytest.mark.parametrize("classes", [2, 5])
def test_scores_are_those_of_scikit_learn(classes: int) -> None:
    rng = np.random.default_rng(classes)
    truth = rng.integers(classes, size=(20, 30))
    predicted = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(classes, size=truth.shape))
    counts = confusion(truth, predicted, classes)
    t, p = truth.ravel(), predicted.ravel()
    np.testing.assert_array_equal(counts, confusion_matrix(t, p))
    assert class_scores(counts) == {
        "accuracy": pytest.approx(accuracy_score(t, p)),
        "jaccard": pytest.approx(jaccard_score(t, p, average="micro")),
        "jaccard_macro": pytest.approx(jaccard_score(t, p, average="macro")),
        "kappa": pytest.approx(cohen_kappa_score(t, p)),
        "f1": pytest.approx(f1_score(t, p, average="macro")),
    }


def test_classes_that_do_not_occur_have_no_say() -> None:
    t, p = np.array([0, 0, 2, 2]), np.array([0, 2, 2, 2])
    scores = class_scores(confusion(t, p, 6))
    assert scores["f1"] == pytest.approx(f1_score(t, p, average="macro"))
    assert scores["jaccard_macro"] == pytest.approx(jaccard_score(t, p, average="macro"))


def test_what_is_undefined_is_none() -> None:
    assert set(class_scores(np.zeros((3, 3), int)).values()) == {None}
    only = class_scores(confusion(np.zeros(4, int), np.zeros(4, int), 2))
    assert only["kappa"] is None and only["accuracy"] == only["jaccard"] == only["f1"] == 1.0


def test_published_jaccard_of_two_balanced_classes_at_chance() -> None:
    assert class_scores(np.full((2, 2), 25))["jaccard"] == pytest.approx(1 / 3)

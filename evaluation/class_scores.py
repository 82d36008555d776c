"""How well classes were told apart: scores of a confusion matrix."""

import numpy as np


def confusion(truth: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts `(K, K)` int64 of two integer arrays of one shape with values 0..K-1: rows are the truth."""
    pairs = truth.astype(np.int64).ravel() * num_classes + predicted.astype(np.int64).ravel()
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def class_scores(counts: np.ndarray) -> dict[str, float | None]:
    """Scores of a confusion matrix `(K, K)`, rows = truth.

    Returns:
        `accuracy`; `jaccard` (micro: over all pixels at once, as published; accuracy / (2 - accuracy) where every pixel
        has one class); `jaccard_macro` and `f1` (means over the classes that occur in truth or prediction);
        `kappa` (Cohen). None where undefined: nothing counted, or for kappa a single class everywhere.
    """
    total = counts.sum()
    if total == 0:
        return dict.fromkeys(("accuracy", "jaccard", "jaccard_macro", "kappa", "f1"))
    hits = np.diag(counts).astype(np.float64)
    truth, predicted = counts.sum(axis=1), counts.sum(axis=0)
    occurs = truth + predicted > 0
    either = (truth + predicted - hits)[occurs]
    correct, agreed_by_chance = hits.sum() / total, float(truth @ predicted) / float(total) ** 2
    kappa = None if agreed_by_chance == 1 else (correct - agreed_by_chance) / (1 - agreed_by_chance)
    return {
        "accuracy": float(correct),
        "jaccard": float(hits.sum() / (2 * total - hits.sum())),
        "jaccard_macro": float(np.mean(hits[occurs] / either)),
        "kappa": None if kappa is None else float(kappa),
        "f1": float(np.mean(2 * hits[occurs] / (truth + predicted)[occurs])),
    }

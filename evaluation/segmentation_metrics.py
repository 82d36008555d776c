"""Scores of class maps from one confusion matrix, pooled over everything that was counted."""

import numpy as np

from evaluation.class_scores import confusion
from products.class_table import IGNORE

Scores = dict[str, float | None]


def count_pixels(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    """Confusion matrix `(K, K)` int64 of two class maps of one shape: rows are the truth, columns the prediction.

    Args:
        truth: class indices; 255 = nothing known.
        prediction: class indices; 255 = nothing predicted.
        num_classes: K.

    Returns:
        Counts of the pixels where both maps have a class.

    Raises:
        ValueError: shapes differ, or a number is neither a class nor 255.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth has shape {truth.shape}, the prediction {prediction.shape}")
    both = (truth != IGNORE) & (prediction != IGNORE)
    known, predicted = truth[both], prediction[both]
    for what, values in (("truth", known), ("prediction", predicted)):
        if values.size and (values.min() < 0 or values.max() >= num_classes):
            raise ValueError(
                f"{what}: found class {values.max()}, expected 0 to {num_classes - 1} or {IGNORE}"
            )
    return confusion(known, predicted, num_classes)


def class_table(counts: np.ndarray) -> dict[str, np.ndarray]:
    """What is known of each class of a confusion matrix `(K, K)`, rows = truth.

    Returns:
        (K,) float64 `iou`, `f1`, `precision`, `recall`: NaN where undefined (a class that is neither in the truth nor
        predicted; precision of one that is never predicted; recall of one that never occurs); (K,) int64
        `truth_pixels`, `predicted_pixels`.
    """
    hits = np.diag(counts).astype(np.float64)
    truth, predicted = counts.sum(axis=1), counts.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return {
            "iou": hits / (truth + predicted - hits),
            "f1": 2 * hits / (truth + predicted),
            "precision": hits / predicted,
            "recall": hits / truth,
            "truth_pixels": truth,
            "predicted_pixels": predicted,
        }


def segmentation_scores(counts: np.ndarray, classes: tuple[str, ...]) -> Scores:
    """Scores of a confusion matrix `(K, K)`, rows = truth; None where undefined.

    `mean_iou` and `mean_f1` are means over the classes that occur in truth or prediction, with one weight each: a class
    that is predicted and never occurs counts as 0, one that is absent from both counts not at all. `mean_precision`
    and `mean_recall` are means over the same classes, 0 where the class is never predicted or never occurs. `accuracy`
    is the share of pixels that are right, `kappa` Cohen's. `iou_<class>` stands for each class.

    `iou_weighted_published`, `f1_weighted_published`: weighted by the pixels of the truth, as Nimbus's comparison has
    them ("miou" there): a common class hides a rare one.
    """
    table = class_table(counts)
    occurs = (table["truth_pixels"] + table["predicted_pixels"]) > 0
    scores: Scores = {}
    for name in ("iou", "f1", "precision", "recall"):
        values = np.nan_to_num(table[name][occurs])
        scores[f"mean_{name}"] = float(values.mean()) if values.size else None
    total = int(counts.sum())
    weights = table["truth_pixels"] / max(total, 1)
    agreed = float(np.trace(counts)) / total if total else None
    scores["accuracy"] = agreed
    scores["kappa"] = _kappa(agreed, float(weights @ table["predicted_pixels"]) / max(total, 1))
    for name in ("iou", "f1"):
        weighted = float(weights @ np.nan_to_num(table[name]))
        scores[f"{name}_weighted_published"] = weighted if total else None
    for name, value in zip(classes, table["iou"], strict=True):
        scores[f"iou_{name}"] = None if np.isnan(value) else float(value)
    return scores


def _kappa(agreed: float | None, by_chance: float) -> float | None:
    """None where nothing was counted, or where chance alone agrees everywhere (one class)."""
    return None if agreed is None or by_chance == 1 else (agreed - by_chance) / (1 - by_chance)

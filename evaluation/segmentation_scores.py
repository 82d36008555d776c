"""Scores of segmentation methods side by side: pooled over a test set, by class and by scene."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.segmentation_metrics import Scores, class_table, count_pixels, segmentation_scores
from products.class_table import IGNORE

MODEL, MAJORITY, SPECTRAL_RULE = "model", "majority", "spectral_rule"


class SegmentationScoreBoard:
    """Takes window after window, keeps confusion matrices alone, and makes the sections of `results.json`.

    Args:
        classes: names, in the order of their indices.

    Attributes:
        notes: {what: why it has no score, or what flatters it}; the first reason met.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.notes: dict[str, str] = {}
        self._failed: set[str] = set()
        self._counts: dict[str, dict[str, np.ndarray]] = {}  # method -> scene -> confusion matrix
        self._known: dict[str, int] = {}  # scene -> pixels where the truth is known
        self._missed: dict[str, int] = {}  # method -> those of them without a prediction
        self._windows = 0

    def add(self, scene: str, predictions: Mapping[str, np.ndarray], truth: np.ndarray) -> None:
        """Count one window of a scene.

        Args:
            scene: its name.
            predictions: {method: `(H, W)` class indices}; 255 = nothing predicted.
            truth: `(H, W)` class indices; 255 = nothing known, or no data.

        Raises:
            ValueError: shapes differ, or a number is neither a class nor 255.
        """
        counts = {
            method: count_pixels(truth, prediction, len(self.classes))
            for method, prediction in predictions.items()
        }
        self.add_counts(scene, counts, int(np.count_nonzero(truth != IGNORE)))

    def add_counts(self, scene: str, counts: Mapping[str, np.ndarray], known: int) -> None:
        """Add the confusion matrices `(K, K)` of one window of a scene, in which the class of `known` pixels is known."""
        self._windows += 1
        self._known[scene] = self._known.get(scene, 0) + known
        for method, matrix in counts.items():
            scenes = self._counts.setdefault(method, {})
            scenes[scene] = scenes[scene] + matrix if scene in scenes else matrix
            self._missed[method] = self._missed.get(method, 0) + known - int(matrix.sum())

    def add_constant(self, method: str, index: int, like: str = MODEL) -> None:
        """Score one class everywhere, by what the matrices of another method say of the truth."""
        self._counts[method] = {}
        for scene, matrix in self._counts[like].items():
            constant = np.zeros_like(matrix)
            constant[:, index] = matrix.sum(axis=1)
            self._counts[method][scene] = constant

    def fail(self, method: str, reason: str) -> None:
        """From now on the method has no scores: a failure is not averaged away."""
        self._failed.add(method)
        self.notes.setdefault(method, reason)

    def confusion_matrix(self, method: str, scene: str | None = None) -> np.ndarray:
        """Counts `(K, K)` int64 of a method, rows = truth, of one scene or of all."""
        scenes = self._counts.get(method, {})
        if scene is not None:
            return scenes[scene]
        return sum(scenes.values(), np.zeros((len(self.classes),) * 2, np.int64))

    @property
    def scenes(self) -> list[str]:
        """Names of the scenes, in the order in which they came."""
        return list(self._known)

    def scores(self) -> dict[str, Scores]:
        """{method: {score: value}} of the pooled confusion matrices; None where undefined."""
        return {method: self._scores(method, self.confusion_matrix(method)) for method in self._counts}

    def scene_scores(self) -> dict[str, dict[str, Scores]]:
        """{scene: {method: {score: value}}}."""
        return {
            scene: {
                method: self._scores(method, scenes[scene])
                for method, scenes in self._counts.items()
                if scene in scenes
            }
            for scene in self._known
        }

    def sections(self) -> dict[str, Any]:
        """`scores`, `scores_std`, `class_scores`, `confusion_matrices`, `scenes`, `scored` and `score_notes`
        (`docs/segmentation_scores.md`)."""
        by_scene = self.scene_scores()
        matrices = {method: self.confusion_matrix(method) for method in self._counts}
        return {
            "scores": self.scores(),
            "scores_std": {method: _deviations(method, by_scene) for method in matrices},
            "class_scores": {method: self._by_class(counts) for method, counts in matrices.items()},
            "confusion_matrices": {method: counts.tolist() for method, counts in matrices.items()},
            "scenes": by_scene,
            "scored": {
                "classes": list(self.classes),
                "scenes": len(by_scene),
                "windows": self._windows,
                "pixels": sum(self._known.values()),
            },
            "score_notes": {**self.notes, **self._class_notes(matrices), **self._missing_notes()},
        }

    def _scores(self, method: str, counts: np.ndarray) -> Scores:
        scores = segmentation_scores(counts, self.classes)
        return dict.fromkeys(scores) if method in self._failed else scores

    def _by_class(self, counts: np.ndarray) -> dict[str, dict[str, float | int | None]]:
        table = class_table(counts)
        return {
            name: {key: _number(values[index]) for key, values in table.items()}
            for index, name in enumerate(self.classes)
        }

    def _class_notes(self, matrices: Mapping[str, np.ndarray]) -> dict[str, str]:
        if not matrices:
            return {}
        truth = np.sum([counts.sum(axis=1) for counts in matrices.values()], axis=0)
        return {
            name: "no pixel of the test set is of this class"
            for name, count in zip(self.classes, truth, strict=True)
            if not count
        }

    def _missing_notes(self) -> dict[str, str]:
        return {
            f"{method}, left out": f"{count} pixels whose class is known have no prediction and are not counted"
            for method, count in self._missed.items()
            if count
        }


def _number(value: Any) -> float | int | None:
    if isinstance(value, np.integer):
        return int(value)
    return None if np.isnan(value) else float(value)


def _deviations(method: str, by_scene: Mapping[str, Mapping[str, Scores]]) -> Scores:
    """Standard deviation of each score over the scenes where it is defined; None for fewer than two."""
    rows = [scores[method] for scores in by_scene.values() if method in scores]
    values = {name: [value for row in rows if (value := row[name]) is not None] for name in rows[0]}
    return {name: float(np.std(v, ddof=1)) if len(v) > 1 else None for name, v in values.items()}

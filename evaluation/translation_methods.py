"""Scores of a scene: the model and its baselines side by side, frame by frame in threads."""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluation.class_scores import class_scores, confusion
from evaluation.pixel_series import pixel_series
from evaluation.reference_classifier import FittedClassifier
from evaluation.translated_scene import TranslatedScene
from evaluation.translation_baselines import NoBaseline, predict_baseline
from evaluation.translation_scores import ScoreBoard, Scores, frame_scores

MODEL = "model"
# Of the classifier's scores, those also given for the real target.
ON_REAL = "_real"


@dataclass
class SceneScorer:
    """Scores scene after scene, and remembers what could not be scored and why.

    Args:
        baselines: {name: rule}, see `predict_baseline`.
        value_range: declared range of the target.
        revisit: frames between two known targets, of interpolating baselines.
        published: also the published metrics.
        ergas_ratio: pixel side of the coarse input over that of the target.
        threads: frames that are scored side by side.
        classifier: the reference classifier; None = no classes.
        classify_baselines: let it judge the baselines too.

    Attributes:
        board: the scores.
        notes: {what: why it has no score}; the first reason met.
        num_frames: frames scored so far.
        num_classified: scenes that the classifier judged.
    """

    baselines: Mapping[str, Mapping[str, str]]
    value_range: tuple[float, float]
    revisit: int = 1
    published: bool = True
    ergas_ratio: float = 1.0
    threads: int = 1
    classifier: FittedClassifier | None = None
    classify_baselines: bool = True
    board: ScoreBoard = field(default_factory=ScoreBoard)
    notes: dict[str, str] = field(default_factory=dict)
    num_frames: int = 0
    num_classified: int = 0

    def add(self, scene: TranslatedScene) -> dict[str, np.ndarray]:
        """Score a scene.

        Returns:
            {name: class map `(H, W)`} of `truth`, `real` and `model`, 255 = background; empty without classifier.
        """
        predictions = {MODEL: scene.prediction}
        for name, rule in self.baselines.items():
            try:
                predictions[name] = predict_baseline(rule, scene, self.revisit)
            except NoBaseline as reason:
                self.notes.setdefault(name, str(reason))
        classified, maps = self._classify(scene, predictions)
        jobs = [(name, index) for name in predictions for index in range(len(scene.frames))]
        with ThreadPoolExecutor(max(1, self.threads)) as pool:
            scored = list(pool.map(lambda job: self._frame(scene, predictions[job[0]], job[1]), jobs))
        for name in predictions:
            rows = [row for (method, _), row in zip(jobs, scored, strict=True) if method == name and row]
            if not rows:
                self.notes.setdefault(scene.name, "no pixel of the target has data")
                continue
            self.board.add(name, rows, classified.get(name))
            if name == MODEL:
                self.num_frames += len(rows)
                broken = any(row["mse"] is not None and math.isnan(row["mse"]) for row in rows)
                if broken:
                    self.notes[MODEL] = f"predictions that are not finite, first in scene {scene.name}"
        return maps

    def _frame(self, scene: TranslatedScene, prediction: np.ndarray, index: int) -> Scores | None:
        return frame_scores(
            prediction[index],
            scene.target[index],
            scene.valid[index],
            value_range=self.value_range,
            ergas_ratio=self.ergas_ratio,
            published=self.published,
        )

    def _classify(
        self, scene: TranslatedScene, predictions: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, Scores], dict[str, np.ndarray]]:
        if self.classifier is None or scene.mask is None:
            return {}, {}
        chosen = scene.with_class
        assert chosen is not None
        refusal = self.classifier.refuses(len(scene.frames), scene.target.shape[1])
        if refusal is not None or not chosen.any():
            why = refusal or "no pixel has a class and data in every frame"
            self.notes.setdefault("classifier", f"scene {scene.name} was not classified: {why}")
            return {}, {}
        self.num_classified += 1
        judged = predictions if self.classify_baselines else {MODEL: predictions[MODEL]}
        truth = scene.mask[chosen]
        real = self.classifier.model.predict(pixel_series(scene.target, chosen, self.value_range))
        on_real = {f"{name}{ON_REAL}": value for name, value in _scores(truth, real).items()}
        scores: dict[str, Scores] = {}
        maps = {"truth": scene.mask, "real": _as_map(real, chosen)}
        for name, prediction in judged.items():
            series = pixel_series(prediction, chosen, self.value_range)
            if not np.isfinite(series).all():
                scores[name] = {**dict.fromkeys(_scores(truth, real), math.nan), **on_real}
                continue
            generated = self.classifier.model.predict(series)
            scores[name] = {**_scores(truth, generated), **on_real}
            if name == MODEL:
                maps[MODEL] = _as_map(generated, chosen)
        return scores, maps

    def sections(self) -> dict[str, Any]:
        """`scores`, `scores_std` and `scored` of `results.json` (`docs/results.md`)."""
        means = self.board.means()
        return {
            "scores": means,
            "scores_std": self.board.deviations(),
            "scored": {"scenes": len(self.board.scenes.get(MODEL, [])), "frames": self.num_frames},
        }


def _scores(truth: np.ndarray, predicted: np.ndarray) -> Scores:
    classes = int(max(truth.max(), predicted.max())) + 1
    return class_scores(confusion(truth, predicted, classes))


def _as_map(labels: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    result = np.full(chosen.shape, 255, np.int64)
    result[chosen] = labels
    return result

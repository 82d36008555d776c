"""Scores of super-resolution methods side by side: pooled over a test set, by band and by scene."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from evaluation.super_resolution_consistency import ConsistencySums
from evaluation.super_resolution_metrics import ErrorSums

MODEL = "model"
Scores = dict[str, float | None]


class SuperResolutionScoreBoard:
    """Takes window after window, keeps sums alone, and makes the sections of `results.json`.

    Args:
        bands: names of the target's bands.
        target_m: ground sample distance of the bands that are sharpened, m.
        factor: pixels of the finest grid per pixel of theirs and side; the ratio of ERGAS.
        threads: methods that are scored side by side.

    Attributes:
        notes: {what: why it has no score}; the first reason met.
    """

    def __init__(self, bands: Sequence[str], target_m: int, factor: int, threads: int = 1) -> None:
        self.band_names = tuple(bands)
        self.target_m = target_m
        self.factor = factor
        self.threads = threads
        self.notes: dict[str, str] = {}
        self._sums: dict[str, dict[str, ErrorSums]] = {}  # method -> scene -> sums
        self._consistency: dict[str, ConsistencySums] = {}
        self._windows = 0

    def add(
        self, scene: str, predictions: Mapping[str, np.ndarray], target: np.ndarray, valid: np.ndarray
    ) -> dict[str, ErrorSums]:
        """Score one window of a scene.

        Args:
            scene: its name.
            predictions: {method: `(C, H, W)` digital numbers}.
            target: `(C, H, W)` digital numbers.
            valid: `(C, H, W)` bool.

        Returns:
            The window's own sums of each method.
        """
        with ThreadPoolExecutor(max(1, self.threads)) as pool:
            jobs = {
                name: pool.submit(ErrorSums.of, each, target, valid) for name, each in predictions.items()
            }
            found = {name: job.result() for name, job in jobs.items()}
        self._windows += 1
        for name, sums in found.items():
            scenes = self._sums.setdefault(name, {})
            scenes[scene] = scenes[scene] + sums if scene in scenes else sums
            if not sums.is_finite:
                self.notes.setdefault(name, f"predictions that are not finite, first in scene {scene}")
        return found

    def add_consistency(self, errors: Mapping[str, ConsistencySums]) -> None:
        """Add a window at full resolution: {method: its sums}."""
        for name, sums in errors.items():
            known = self._consistency.get(name)
            self._consistency[name] = sums if known is None else known + sums

    def scores(self) -> dict[str, Scores]:
        """{method: {score: value}}, pooled over all scenes; None where it is undefined or not finite."""
        result = {}
        for name, scenes in self._sums.items():
            result[name] = _total(scenes).scores(self.factor)
            if self._consistency:
                known = self._consistency.get(name)
                result[name]["consistency_rmse"] = None if known is None else known.mean()
        return result

    def sections(self) -> dict[str, Any]:
        """`scores`, `scores_std`, `bands`, `scenes`, `scored` and `score_notes` (`docs/super_resolution_scores.md`)."""
        by_scene = {
            scene: {name: scenes[scene].scores(self.factor) for name, scenes in self._sums.items()}
            for scene in next(iter(self._sums.values()), {})
        }
        totals = {name: _total(scenes) for name, scenes in self._sums.items()}
        pixels = next(iter(totals.values())).pixels if totals else np.zeros(0, np.int64)
        notes = dict(self.notes)
        for band, count in zip(self.band_names, pixels, strict=False):
            if not count:
                notes[band] = "no pixel of the target has data"
        return {
            "scores": self.scores(),
            "scores_std": {name: _deviations(scenes, self.factor) for name, scenes in self._sums.items()},
            "bands": {name: self._bands(name, total) for name, total in totals.items()},
            "scenes": by_scene,
            "scored": {
                "target_m": self.target_m,
                "scenes": len(by_scene),
                "windows": self._windows,
                "pixels": int(pixels.max(initial=0)),
            },
            "score_notes": notes,
        }

    def _bands(self, method: str, total: ErrorSums) -> dict[str, Scores]:
        rows: list[Scores] = total.bands()
        if self._consistency:
            for row, value in zip(rows, self._consistent(method), strict=True):
                row["consistency_rmse"] = value
        return dict(zip(self.band_names, rows, strict=True))

    def _consistent(self, method: str) -> list[float | None]:
        sums = self._consistency.get(method)
        return [None] * len(self.band_names) if sums is None else sums.rmse()


def _total(scenes: Mapping[str, ErrorSums]) -> ErrorSums:
    first, *others = scenes.values()
    for sums in others:
        first = first + sums
    return first


def _deviations(scenes: Mapping[str, ErrorSums], factor: int) -> Scores:
    """Standard deviation of each score over the scenes; None for fewer than two."""
    rows = [sums.scores(factor) for sums in scenes.values()]
    if not all(sums.is_finite for sums in scenes.values()):
        return dict.fromkeys(rows[0])
    values = {name: [value for row in rows if (value := row[name]) is not None] for name in rows[0]}
    return {name: float(np.std(v, ddof=1)) if len(v) > 1 else None for name, v in values.items()}

"""Scores of a segmentation model over the test set, beside the baselines that any model must beat."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from callbacks.segmentation_pictures import TRUTH, SceneStrips
from errors import UserError
from evaluation.segmentation_calendar import by_day
from evaluation.segmentation_calibration import CalibrationSums
from evaluation.segmentation_plots import plot_calendar, plot_confusion
from evaluation.segmentation_scores import MAJORITY, MODEL, SPECTRAL_RULE, SegmentationScoreBoard
from evaluation.spectral_rule import SpectralRule
from products.band_roles import BandRoles
from products.class_table import IGNORE, ClassTable

SHOWN = "mean_iou"  # the score in titles of pictures


class SegmentationScores(pl.Callback):
    """Scores what a `test_step` returns as `prediction`, a window at a time, and draws some scenes.

    A module takes part when its `test_step` returns `probabilities` (B, K, H, W) and `prediction` (B, H, W) and the
    batch has `image` (B, C, H, W) harmonised digital numbers, `mask` (B, H, W), `valid` (B, 1, H, W) and `scene`; for
    all others the callback does nothing. Confusion matrices are kept and the crops that are drawn, not images.

    Baselines: `majority`, the commonest class of the training labels (the datamodule's `class_counts()`; of the test
    set where there are none), and `spectral_rule`, thresholds on bands (the datamodule's `channels["bands"]`), where
    bands and classes allow.

    Args:
        folder: where pictures go.
        classes: names and colours; None only where no model takes part.
        roles: finds the bands that are drawn.
        spectral_rule: the rule; None: none.
        strips: scenes that are drawn; 0: no pictures at all.
        crop_px: side of what is drawn.
    """

    def __init__(
        self,
        folder: str,
        *,
        classes: ClassTable | None,
        roles: BandRoles | None = None,
        spectral_rule: SpectralRule | None = None,
        strips: int = 4,
        crop_px: int = 256,
    ) -> None:
        self.folder = Path(folder)
        self._classes, self.roles, self.spectral_rule = classes, roles, spectral_rule
        self.strips, self.crop_px = strips, crop_px
        self._forget()

    @property
    def classes(self) -> ClassTable:
        """Names and colours.

        Raises:
            UserError: none were given.
        """
        if self._classes is None:
            raise UserError("classes: found null, expected the classes of the masks, e.g. classes=clouds")
        return self._classes

    def _forget(self) -> None:
        self._board: SegmentationScoreBoard | None = None
        self._calibration = CalibrationSums()
        self._pictures: SceneStrips | None = None
        self._bands: tuple[str, ...] = ()
        self._majority: int | None = None
        self._rule: SpectralRule | None = None

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget an earlier test."""
        self._forget()

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count every window of the batch."""
        if not isinstance(outputs, Mapping) or not outputs.keys() >= {"prediction", "probabilities"}:
            return
        if not isinstance(batch, Mapping) or not batch.keys() >= {"image", "mask", "scene"}:
            return
        if not trainer.is_global_zero:
            return
        if self._board is None:
            self._begin(trainer)
        predictions, images = _numpy(outputs["prediction"]), _numpy(batch["image"])
        confidences = _numpy(outputs["probabilities"].float().amax(1))
        truths = _numpy(batch["mask"])
        valid = _numpy(batch["valid"])[:, 0].astype(bool) if "valid" in batch else np.ones(truths.shape, bool)
        for index, scene in enumerate(map(str, batch["scene"])):
            truth = np.where(valid[index], truths[index], IGNORE).astype(np.uint8)
            self._add(scene, images[index], valid[index], truth, predictions[index], confidences[index])

    def _add(
        self,
        scene: str,
        image: np.ndarray,
        valid: np.ndarray,
        truth: np.ndarray,
        prediction: np.ndarray,
        confidence: np.ndarray,
    ) -> None:
        assert self._board is not None and self._pictures is not None
        maps = {MODEL: prediction}
        if self._majority is not None:
            maps[MAJORITY] = np.full(truth.shape, self._majority, np.uint8)
        if self._rule is not None:
            maps[SPECTRAL_RULE] = self._rule(image, self._bands, self.classes.names)
        if not np.isfinite(confidence[valid]).all():
            self._board.fail(MODEL, f"probabilities that are not finite, first in scene {scene}")
        self._board.add(scene, maps, truth)
        confidence = np.nan_to_num(confidence)
        self._calibration.add(confidence, prediction, truth)
        self._pictures.keep(scene, image, valid, {TRUTH: truth, **maps}, confidence)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the model's scores, and draw."""
        if self._board is None:
            return
        if self._majority is None:
            self._take_majority_of_test()
        metrics = {f"test/{name}": value for name, value in self._metrics().items()}
        pl_module.log_dict(metrics, rank_zero_only=True)
        if self.strips and not getattr(trainer, "fast_dev_run", False):
            self._draw()

    def _take_majority_of_test(self) -> None:
        """Where nothing was trained on (`data.test_on=all`): the commonest class of what was tested."""
        assert self._board is not None
        counts = self._board.confusion_matrix(MODEL).sum(axis=1)
        if counts.any():
            self._board.add_constant(MAJORITY, int(counts.argmax()))
            name = self._board.classes[int(counts.argmax())]
            self._board.notes[MAJORITY] = (
                f"{name} everywhere, the commonest class of the test set: nothing was trained on"
            )

    def result_sections(self) -> dict[str, Any]:
        """The sections of `results.json` (`docs/segmentation_scores.md`); empty where the model segments nothing."""
        if self._board is None:
            return {}
        sections = self._board.sections()
        sections["scores"][MODEL]["calibration_error"] = self._calibration_error()
        return {"metrics": self._metrics(), **sections, "calibration": self._calibration.section()}

    def _metrics(self) -> dict[str, float]:
        assert self._board is not None
        scores = {**self._board.scores()[MODEL], "calibration_error": self._calibration_error()}
        return {name: value for name, value in scores.items() if value is not None}

    def _calibration_error(self) -> float | None:
        assert self._board is not None
        return None if MODEL in self._board.notes else self._calibration.error()

    def _begin(self, trainer: pl.Trainer) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        self._board = SegmentationScoreBoard(self.classes.names)
        self._pictures = SceneStrips(
            self.strips, self.crop_px, self.roles, self.classes.names, self.classes.colours
        )
        self._bands = tuple(str(band) for band in data.channels["bands"])
        counts = np.asarray(data.class_counts()) if hasattr(data, "class_counts") else np.zeros(0)
        if counts.sum() > 0:
            self._majority = int(counts.argmax())
        if self.spectral_rule is not None:
            problem = self.spectral_rule.problem(self._bands, self.classes.names)
            if problem is None:
                self._rule = self.spectral_rule
            else:
                self._board.notes[SPECTRAL_RULE] = problem
        if getattr(data, "split_note", None):
            self._board.notes["split"] = data.split_note

    def _draw(self) -> None:
        assert self._board is not None and self._pictures is not None
        by_scene = self._board.scene_scores()
        words = {scene: _words(scores) for scene, scores in by_scene.items()}
        self._pictures.draw(self.folder, self._bands, words)
        self.folder.mkdir(parents=True, exist_ok=True)
        for method in self._board.scores():
            counts = self._board.confusion_matrix(method)
            if method == MAJORITY or not counts.any():
                continue
            title = f"{method.replace('_', ' ')}: {counts.sum():,} pixels of {len(by_scene)} scenes"
            path = self.folder / f"confusion_{method}.png"
            plot_confusion(counts, self.classes.names, path, title)
        days = by_day({scene: scores[MODEL][SHOWN] for scene, scores in by_scene.items()})
        if len(days) > 1:
            title = f"mean IoU of the model by day, {len(by_scene)} scenes"
            plot_calendar(days, self.folder / "calendar_mean_iou.png", title)


def _words(scores: Mapping[str, Mapping[str, float | None]]) -> str:
    known = {method: values[SHOWN] for method, values in scores.items()}
    parts = [
        f"{method.replace('_', ' ')} {value:.3f}" for method, value in known.items() if value is not None
    ]
    return f"mean IoU {', '.join(parts)}" if parts else ""


def _numpy(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)

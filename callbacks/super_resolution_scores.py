"""Scores of a super-resolution model over the test set, beside the interpolations that any model must beat."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from callbacks.super_resolution_panels import (
    BICUBIC,
    BILINEAR,
    GUIDE,
    MEASURED,
    METHODS,
    TARGET,
    ScenePanels,
    repeated,
)
from evaluation.super_resolution_consistency import ConsistencySums
from evaluation.super_resolution_scores import MODEL, SuperResolutionScoreBoard
from products.filling import fill
from products.grid import GridRelation
from products.resampling import upsample
from products.window import Window


class SuperResolutionScores(pl.Callback):
    """Scores what a `test_step` returns as `prediction`, a window at a time, and draws some scenes.

    A module takes part when its `test_step` returns `prediction` (B, C, H, W) float32 in digital numbers and the
    batch has `inputs` {ground sample distance in m, finest first: (B, c, H, W)}, of which the last is the bilinear
    baseline, `bicubic`, `target` (B, C, H, W), `valid` (B, C, H, W) bool and `scene`; for all others the callback does
    nothing. Sums are kept and the crops that are drawn, not images.

    The datamodule says `specification` (names of the bands), `factor` and, where its split is doubtful, `split_note`.
    Where it has `consistency_windows(limit)` (samples at full resolution: `inputs`, `coarse`, `valid`, `factor`,
    `row_offset`, `column_offset`, `scene`), the module's `network` is run on them and its result, degraded, compared
    with what was measured.

    Args:
        folder: where pictures go.
        consistency_windows: windows at full resolution; 0 = none.
        threads: methods that are scored side by side.
        strips: scenes that are drawn.
        crop_px: side of what is drawn, pixels of the target.
        colours: target bands shown as red, green and blue; where one is missing or None, the first three.
    """

    def __init__(
        self,
        folder: str,
        *,
        consistency_windows: int = 4,
        threads: int = 2,
        strips: int = 4,
        crop_px: int = 128,
        colours: Sequence[str] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.consistency_windows = consistency_windows
        self.threads = threads
        self.panels = ScenePanels(strips, crop_px, colours)
        self._forget()

    def _forget(self) -> None:
        self._board: SuperResolutionScoreBoard | None = None
        self._resolutions: list[int] = []  # ground sample distances of the inputs, finest first
        self.panels.forget()

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
        """Score every window of the batch."""
        if not isinstance(outputs, Mapping) or "prediction" not in outputs or not trainer.is_global_zero:
            return
        if not isinstance(batch, Mapping) or not batch.keys() >= {"inputs", "target", "bicubic", "scene"}:
            return
        if self._board is None:
            self._begin(trainer, batch)
        assert self._board is not None
        finest, coarsest = self._resolutions[0], self._resolutions[-1]
        arrays = {
            MODEL: _numpy(outputs["prediction"].float()),
            BICUBIC: _numpy(batch["bicubic"]),
            BILINEAR: _numpy(batch["inputs"][coarsest]),
        }
        target, guide = _numpy(batch["target"]), _numpy(batch["inputs"][finest])
        valid = _numpy(batch["valid"]).astype(bool) if "valid" in batch else np.isfinite(target)
        for index, scene in enumerate(map(str, batch["scene"])):
            own = {name: images[index] for name, images in arrays.items()}
            self._board.add(scene, own, target[index], valid[index])
            self.panels.keep(scene, {**own, TARGET: target[index], GUIDE: guide[index]}, valid[index])

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Measure consistency, log the model's scores, and draw."""
        if self._board is None:
            return
        self._measure_consistency(trainer, pl_module)
        metrics = {f"test/{name}": value for name, value in self._metrics().items()}
        pl_module.log_dict(metrics, rank_zero_only=True)
        if not getattr(trainer, "fast_dev_run", False):
            self.panels.draw(self.folder, self._board.band_names, self._resolutions)

    def result_sections(self) -> dict[str, Any]:
        """The sections of `results.json` (`docs/results.md`); empty where the model is no super-resolution."""
        if self._board is None:
            return {}
        return {"metrics": self._metrics(), **self._board.sections()}

    def _metrics(self) -> dict[str, float]:
        assert self._board is not None
        scores = self._board.scores().get(MODEL, {})
        return {name: value for name, value in scores.items() if value is not None}

    def _begin(self, trainer: pl.Trainer, batch: Mapping[str, Any]) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        self._resolutions = sorted(batch["inputs"])
        self._board = SuperResolutionScoreBoard(
            data.specification.bands, self._resolutions[-1], int(data.factor), self.threads
        )
        if getattr(data, "split_note", None):
            self._board.notes["split"] = data.split_note

    def _measure_consistency(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert self._board is not None
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        if not self.consistency_windows or not hasattr(data, "consistency_windows"):
            return
        limit = 1 if getattr(trainer, "fast_dev_run", False) else self.consistency_windows
        for sample in data.consistency_windows(limit):
            inputs = {
                m: torch.as_tensor(group)[None].to(pl_module.device) for m, group in sample["inputs"].items()
            }
            with torch.no_grad(), trainer.precision_plugin.test_step_context():
                sharpened = pl_module.network(inputs)  # type: ignore[operator]
            coarse, valid = _numpy(sample["coarse"]), _numpy(sample["valid"]).astype(bool)
            relation = GridRelation(
                int(sample["factor"]), float(sample["row_offset"]), float(sample["column_offset"])
            )
            images = {
                MODEL: _numpy(sharpened.float()[0]),
                BILINEAR: _numpy(sample["inputs"][self._resolutions[-1]]),
            }
            cells, fine = Window(0, 0, *coarse.shape[1:]), Window(0, 0, *images[MODEL].shape[1:])
            known = valid | (coarse != 0)  # the ring around what counts is data too
            images[BICUBIC] = upsample(fill(coarse, known), relation, cells, fine, order="bicubic")
            self._board.add_consistency(
                {name: ConsistencySums.of(images[name], coarse, valid, relation) for name in METHODS}
            )
            images[GUIDE] = _numpy(sample["inputs"][self._resolutions[0]])
            shape = images[MODEL].shape[1:]
            images[MEASURED] = repeated(coarse, relation.factor, shape)
            inside = repeated(valid, relation.factor, shape)
            self.panels.keep_native(str(sample["scene"]), images, inside, relation.factor)


def _numpy(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)

"""Scores of a model that makes clouds of masks, over validation and test set, beside baselines."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from callbacks.pictures import draw_panel, save_png
from evaluation.generator_plots import plot_generator_quality
from evaluation.generator_quality import MODEL, GeneratorQuality

NOTES = {
    "fid, kid": "of the fixed network callbacks.cloud_scores.features, each feature in units of its spread among the real tiles: "
    "comparable with nothing but other runs on the same tiles with the same settings",
    "real_halves": "one half of the real tiles against the other, the floor; half as many samples, so its FID is high",
    "two_colours": "real tiles painted with the mean colours of their cloud and of the rest: clouds without texture",
}


class CloudScores(pl.Callback):
    """Scores what a `test_step` returns as `prediction`, with the module's opposite network if it has one.

    A module takes part when its `test_step` returns `prediction` (B, C, H, W) in units in which clouds reach from 0 to 1
    and batches hold masks, `source` (or `domain_a`) (B, 1, H, W), one band or equal ones, and real images, `target` (or
    `domain_b`), of the same masks or of others. `module.back_network`, clouds -> masks, gives the scores that hold the
    clouds against their masks. At the end of a validation `val/fid`, `val/kid`, `val/spectral_distance_db` and, with an
    opposite network, `val/cycle_error` and `val/mask_iou` are logged.

    Args:
        folder: where pictures go.
        features: makes the network whose features are compared, given a number of bands: `networks.fixed_features`.
        patch_px: side of the squares that are compared, pixels.
        kid_subsets, kid_subset_size: see `evaluation.feature_distances.kernel_distance`.
        validation_tiles: tiles of a validation that are scored, the first ones; 0: none.
        shown: tiles in the picture of the test.
        seed: of the draws for KID.
    """

    def __init__(
        self,
        folder: str,
        *,
        features: Callable[[int], nn.Module],
        patch_px: int = 32,
        kid_subsets: int = 50,
        kid_subset_size: int = 100,
        validation_tiles: int = 64,
        shown: int = 6,
        seed: int = 0,
    ) -> None:
        self.folder = Path(folder)
        self.features, self.patch_px = features, patch_px
        self.kid_subsets, self.kid_subset_size, self.seed = kid_subsets, kid_subset_size, seed
        self.validation_tiles, self.shown = validation_tiles, shown
        self._quality: GeneratorQuality | None = None
        self._test: GeneratorQuality | None = None
        self._rows: list[dict[str, np.ndarray]] = []

    # Validation

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin anew."""
        self._quality = None

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Make clouds of the batch's masks."""
        done = self._quality.tiles if self._quality else 0
        if trainer.sanity_checking or done >= self.validation_tiles or not _has_masks(batch):
            return
        with torch.no_grad():
            prediction = pl_module(_first(batch, "source", "domain_a"))
        self._quality, _ = self._added(self._quality, pl_module, batch, prediction)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the scores."""
        quality, self._quality = self._quality, None
        if quality is not None:
            scores = {name: value for name, value in quality.scores()[MODEL].items() if value is not None}
            pl_module.log_dict({f"val/{name}": value for name, value in scores.items()}, sync_dist=True)

    # Test

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget an earlier test."""
        self._test, self._rows = None, []

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Add the tiles of the batch."""
        if not isinstance(outputs, Mapping) or "prediction" not in outputs or not trainer.is_global_zero:
            return
        if not _has_masks(batch):
            return
        self._test, rows = self._added(self._test, pl_module, batch, outputs["prediction"])
        self._rows += rows[: self.shown - len(self._rows)]

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the scores and draw."""
        if self._test is None:
            return
        pl_module.log_dict({f"test/{n}": v for n, v in self._metrics().items()}, rank_zero_only=True)
        if getattr(trainer, "fast_dev_run", False):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        plot_generator_quality(
            self._test.spectra(), self._test.cover_histogram(), self.folder / "cloud_quality.png"
        )
        if self._rows:
            columns = {name: np.stack([row[name] for row in self._rows]) for name in self._rows[0]}
            save_png(draw_panel(columns), self.folder / "clouds.png")

    def result_sections(self) -> dict[str, Any]:
        """The sections of `results.json`; empty where the model makes no clouds."""
        if self._test is None:
            return {}
        return {
            "metrics": self._metrics(),
            "scores": self._test.scores(),
            "cover_histogram": self._test.cover_histogram(),
            "spectra": self._test.spectra(),
            "scored": self._test.counts(),
            "score_notes": NOTES,
        }

    def _metrics(self) -> dict[str, float]:
        assert self._test is not None
        return {name: value for name, value in self._test.scores()[MODEL].items() if value is not None}

    def _added(
        self,
        quality: GeneratorQuality | None,
        module: pl.LightningModule,
        batch: Mapping[str, Any],
        made: Tensor,
    ) -> tuple[GeneratorQuality, list[dict[str, np.ndarray]]]:
        """The scores with the tiles of a batch, and these tiles as pictures."""
        mask = _first(batch, "source", "domain_a")
        real = _first(batch, "target", "domain_b")
        valid = _first(batch, "valid", "valid_b")
        made = made.float()
        back: Any = getattr(module, "back_network", None)
        recovered = seen = None
        with torch.no_grad():
            if back is not None:
                recovered = back(made)
                seen = None if real is None else back(torch.nan_to_num(real))
        arrays = {
            "mask": _one_band(mask), "made": _numpy(made), "real": _numpy(real), "valid": _one_band(valid),
            "recovered": _one_band(recovered), "seen": _one_band(seen),
        }  # fmt: skip
        if quality is None:
            quality = GeneratorQuality(
                self._extractor(made), patch_px=self.patch_px, kid_subsets=self.kid_subsets,
                kid_subset_size=self.kid_subset_size, seed=self.seed,
            )  # fmt: skip
        rows = []
        for index in range(len(made)):
            own: dict[str, Any] = {
                name: None if array is None else array[index] for name, array in arrays.items()
            }
            own["made"] = np.clip(own["made"], 0, 1)
            quality.add(
                own["mask"], own["made"], real=None if own["real"] is None else np.clip(own["real"], 0, 1),
                valid=None if own["valid"] is None else own["valid"] > 0, recovered=own["recovered"],
                recovered_of_real=own["seen"],
            )  # fmt: skip
            rows.append(
                {n: _shown(v) for n, v in own.items() if v is not None and n not in ("valid", "seen")}
            )
        return quality, rows

    def _extractor(self, images: Tensor) -> Callable[[np.ndarray], np.ndarray]:
        network = self.features(images.shape[1]).to(images.device)

        def extract(patches: np.ndarray) -> np.ndarray:
            result: np.ndarray = (
                network(torch.from_numpy(np.ascontiguousarray(patches)).to(images.device)).cpu().numpy()
            )
            return result

        return extract


def _has_masks(batch: Any) -> bool:
    return isinstance(batch, Mapping) and _first(batch, "source", "domain_a") is not None


def _first(batch: Mapping[str, Any], *names: str) -> Any:
    return next((batch[name] for name in names if batch.get(name) is not None), None)


def _numpy(values: Tensor | None) -> np.ndarray | None:
    return None if values is None else values.detach().float().cpu().numpy()


def _one_band(values: Tensor | None) -> np.ndarray | None:
    """(B, C, H, W) of equal bands as (B, H, W) float32."""
    found = _numpy(values)
    return None if found is None else found.mean(axis=1)


def _shown(image: np.ndarray) -> np.ndarray:
    """(H, W) or (C, H, W) as (1 or 3, H, W)."""
    bands = image[None] if image.ndim == 2 else image
    return bands[:3] if len(bands) >= 3 else bands[:1]

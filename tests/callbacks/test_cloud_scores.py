"""Made clouds are scored and drawn in a test, and validations choose the best."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

from callbacks.cloud_scores import CloudScores
from evaluation.results import problem_of
from networks.fixed_features import FixedFeatures


def tile(number: int, paired: bool = True) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(number)
    mask = torch.zeros(1, 32, 32)
    mask[:, : 8 + 4 * number] = 1
    cloud = mask * torch.rand(3, 32, 32, generator=draw)
    valid = torch.ones(1, 32, 32, dtype=torch.bool)
    if paired:
        return {"source": mask, "target": cloud, "valid": valid, "id": str(number)}
    return {"domain_a": mask, "domain_b": cloud, "valid_a": valid, "valid_b": valid}


class Painter(pl.LightningModule):
    """Paints grey clouds, and knows how to see masks in them."""

    def __init__(self, grey: float, back: bool = True) -> None:
        super().__init__()
        self.grey = nn.Parameter(torch.tensor(grey))
        if back:
            self.back_network = Back()

    def forward(self, mask: torch.Tensor) -> torch.Tensor:
        return self.grey * mask.expand(-1, 3, -1, -1)

    def training_step(self, batch: Any, _index: int) -> torch.Tensor:
        return (self(batch["source"]) - batch["target"]).square().mean()

    def validation_step(self, batch: Any, _index: int) -> None:
        """What is scored, the callback makes itself."""

    def test_step(self, batch: Any, _index: int) -> dict[str, torch.Tensor]:
        return {"prediction": self(batch.get("source", batch.get("domain_a")))}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class Back(nn.Module):
    def forward(self, cloud: torch.Tensor) -> torch.Tensor:
        return (cloud.mean(dim=1, keepdim=True) > 0.1).float()


def callback(folder: Path, **options: Any) -> CloudScores:
    return CloudScores(
        str(folder), features=FixedFeatures, patch_px=16, kid_subset_size=10, kid_subsets=3, **options
    )


def trainer(callbacks: Any, **options: Any) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, callbacks=callbacks, **options,
    )  # fmt: skip


@pytest.mark.parametrize("paired", [True, False])
def test_a_test_scores_and_draws(tmp_path: Path, paired: bool) -> None:
    scores = callback(tmp_path / "pictures", shown=3)
    data = DataLoader([tile(number, paired) for number in range(5)], batch_size=2)  # type: ignore[arg-type]
    found = trainer(scores).test(Painter(0.5), data, verbose=False)[0]
    assert found["test/cycle_error"] == 0 and found["test/mask_iou"] == 1 and found["test/fid"] > 0
    sections = scores.result_sections()
    assert set(sections["scores"]) == {"model", "two_colours", "real_halves"}
    assert sections["metrics"]["fid"] == pytest.approx(found["test/fid"])
    assert sections["scored"] == {
        "tiles": 5, "real_tiles": 5, "patch_px": 16, "patches": 20, "real_patches": 20,
    }  # fmt: skip
    assert problem_of({"schema": "nadir-results/1", "experiment": "x", "data": {}, **sections}) is None
    panel = np.asarray(Image.open(tmp_path / "pictures" / "clouds.png"))
    assert panel.shape[2] == 3 and (tmp_path / "pictures" / "cloud_quality.png").exists()


def test_without_an_opposite_network_there_are_no_scores_of_masks(tmp_path: Path) -> None:
    scores = callback(tmp_path)
    trainer(scores).test(Painter(0.5, back=False), DataLoader([tile(1), tile(2)]), verbose=False)  # type: ignore[arg-type]
    assert scores.result_sections()["scores"]["model"]["cycle_error"] is None
    assert "cycle_error" not in scores.result_sections()["metrics"]


def test_validations_log_what_the_best_is_chosen_by(tmp_path: Path) -> None:
    data = DataLoader([tile(number) for number in range(4)], batch_size=2)  # type: ignore[arg-type]
    logged = {}
    for grey in (0.5, 0.05):
        fit = trainer(callback(tmp_path), max_epochs=1, num_sanity_val_steps=1)
        module = Painter(grey)
        fit.fit(module, data, data)
        logged[grey] = fit.callback_metrics
    assert logged[0.5]["val/fid"] < logged[0.05]["val/fid"]
    assert logged[0.05]["val/mask_iou"] == 0 and logged[0.5]["val/mask_iou"] == 1
    limited = callback(tmp_path, validation_tiles=0)
    fit = trainer(limited, max_epochs=1)
    fit.fit(Painter(0.5), data, data)
    assert "val/fid" not in fit.callback_metrics


def test_modules_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    class Other(Painter):
        def test_step(self, batch: Any, _index: int) -> None:  # type: ignore[override]
            """Nothing to score."""

    scores = callback(tmp_path / "p")
    trainer(scores).test(Other(0.5), DataLoader([tile(1)]), verbose=False)  # type: ignore[arg-type]
    assert scores.result_sections() == {} and not (tmp_path / "p").exists()

"""The callback under a real Trainer, on windows of a few pixels and a model whose error is known."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn
from torch.utils.data import DataLoader

from callbacks.super_resolution_scores import SuperResolutionScores
from datamodules.base import ImageDataModule
from datamodules.multiresolution import Multiresolution
from evaluation.joined_scores import join_scores
from evaluation.results import problem_of
from evaluation.super_resolution_metrics import ErrorSums
from products.degradation import degrade
from products.grid import GridRelation
from products.resampling import upsample
from products.specification import ImageSpecification
from products.window import Window

OFFSET, SHIFT = 12.0, 3.0  # errors of the model at reduced and at full resolution, digital numbers
SIDE, RELATION = 32, GridRelation(2)
SCENES = ("north", "north", "south")


def _window(number: int) -> dict[str, Any]:
    """A window whose outermost pixels do not count."""
    rng = np.random.default_rng(number)
    target = rng.normal(2000, 200, (3, SIDE, SIDE)).astype(np.float32)
    coarse, cells = degrade(target, 2), Window(0, 0, SIDE // 2, SIDE // 2)
    fine = Window(0, 0, SIDE, SIDE)
    valid = np.zeros(target.shape, bool)
    valid[:, 4:-4, 4:-4] = True
    return {
        "inputs": {10: target[:2], 20: upsample(coarse, RELATION, cells, fine)},
        "bicubic": upsample(coarse, RELATION, cells, fine, order="bicubic"),
        "target": target,
        "valid": valid,
        "scene": SCENES[number],
    }


class Windows(ImageDataModule):
    """Three windows of two scenes."""

    factor = 2

    def make_sets(self) -> None:
        self.test_set = [_window(number) for number in range(len(SCENES))]  # type: ignore[assignment]
        self.specification = ImageSpecification(("B5", "B8A", "B12"), "float32", (1, 65535))

    def test_dataloader(self) -> DataLoader:
        def collate(samples: list[dict[str, Any]]) -> dict[str, Any]:
            keys = ("bicubic", "target", "valid")
            batch: dict[str, Any] = {
                key: torch.from_numpy(np.stack([s[key] for s in samples])) for key in keys
            }
            batch["inputs"] = {
                m: torch.from_numpy(np.stack([s["inputs"][m] for s in samples])) for m in (10, 20)
            }
            return batch | {"scene": [s["scene"] for s in samples]}

        return DataLoader(self.test_set, batch_size=self.test_batch_size, collate_fn=collate)  # type: ignore[arg-type]

    def consistency_windows(self, limit: int) -> Iterator[dict[str, Any]]:
        for number in range(min(limit, len(SCENES))):
            window = _window(number)
            coarse = degrade(window["inputs"][20], 2)
            offsets = {"row_offset": 0.0, "column_offset": 0.0}
            valid = np.ones(coarse.shape, bool)
            yield {
                "inputs": window["inputs"], "coarse": coarse, "valid": valid, "factor": 2,
                "scene": SCENES[number], **offsets,
            }  # fmt: skip


class Sharpener(nn.Module):
    """The bilinear image and a little more."""

    def forward(self, inputs: dict[int, torch.Tensor]) -> torch.Tensor:
        return inputs[20] + SHIFT


class Model(pl.LightningModule):
    """The truth and a little more."""

    def __init__(self, offset: float = OFFSET) -> None:
        super().__init__()
        self.offset, self.network = offset, Sharpener()

    def test_step(self, batch: dict[str, Any], batch_index: int) -> dict[str, torch.Tensor]:
        return {"prediction": batch["target"] + self.offset}


class Silent(pl.LightningModule):
    """A model of another family."""

    def test_step(self, batch: dict[str, Any], batch_index: int) -> torch.Tensor:
        return batch["target"].mean()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Test a model: `run(module, test_batch_size=..., trainer={...}, **arguments of the callback)`."""

    def test(
        module: pl.LightningModule,
        test_batch_size: int = 2,
        trainer: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> dict[str, Any]:
        callback = SuperResolutionScores(str(tmp_path / "pictures"), **arguments)
        runner = pl.Trainer(
            accelerator="cpu", callbacks=[callback], logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, **(trainer or {}),
        )  # fmt: skip
        runner.test(module, datamodule=Windows(test_batch_size=test_batch_size), verbose=False)
        results = {"schema": "nadir-results/1", "experiment": "windows", "data": {}, "metrics": {}}
        results |= callback.result_sections()
        assert problem_of(json.loads(json.dumps(results))) is None
        return {**results, "logged": {name: float(v) for name, v in runner.callback_metrics.items()}}

    return test


def test_the_model_stands_beside_interpolations(run: Callable[..., Any], tmp_path: Path) -> None:
    results = run(Model(), strips=1, crop_px=16, colours=["B12", "B8A", "B5"])
    assert list(results["scores"]) == ["model", "bicubic", "bilinear"]
    model = results["scores"]["model"]
    assert model["rmse"] == pytest.approx(OFFSET, abs=1e-3)
    assert model["consistency_rmse"] == pytest.approx(SHIFT, abs=1e-3)
    assert results["metrics"] == model
    assert results["logged"]["test/rmse"] == pytest.approx(model["rmse"], rel=1e-6)
    assert list(results["bands"]["model"]) == ["B5", "B8A", "B12"]
    assert set(results["bands"]["model"]["B5"]) == {"rmse", "sre", "uiq", "consistency_rmse"}
    assert results["scored"] == {"target_m": 20, "scenes": 2, "windows": 3, "pixels": 3 * 24 * 24}
    assert list(results["scenes"]) == ["north", "south"] and results["score_notes"] == {}
    windows = [_window(number) for number in range(3)]
    sums = [ErrorSums.of(each["bicubic"], each["target"], each["valid"]) for each in windows]
    expected = (sums[0] + sums[1] + sums[2]).scores(2)
    bicubic = results["scores"]["bicubic"]
    assert {name: bicubic[name] for name in expected} == pytest.approx(expected)
    assert results["scenes"]["south"]["bicubic"] == pytest.approx(sums[2].scores(2))
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "native_north.png", "scene_north.png",
    ]  # fmt: skip


def test_batches_do_not_matter(run: Callable[..., Any]) -> None:
    scores = [run(Model(), size, strips=0)["scores"] for size in (1, 2, 3)]
    assert scores[0] == scores[1] == scores[2]


def test_seeds_are_joined(run: Callable[..., Any]) -> None:
    joined = join_scores([run(Model(offset), strips=0) for offset in (10.0, 14.0)], ["a", "a"])
    assert joined["scores"]["a"]["rmse"] == pytest.approx(12.0, abs=1e-3)
    assert joined["scores_spread"]["a"]["rmse"] == pytest.approx(8**0.5, abs=1e-3)
    assert (
        joined["bands"]["a"]["B12"]["rmse"] == pytest.approx(12.0, abs=1e-3) and "bicubic" in joined["bands"]
    )


def test_a_model_that_gives_no_numbers_has_no_scores_but_a_note(run: Callable[..., Any]) -> None:
    results = run(Model(float("nan")), strips=0, consistency_windows=0)
    assert set(results["scores"]["model"].values()) == {None} and results["metrics"] == {}
    assert results["score_notes"] == {"model": "predictions that are not finite, first in scene north"}
    assert results["scores"]["bicubic"]["rmse"] > 0 and "consistency_rmse" not in results["scores"]["bicubic"]


def test_fast_dev_run_leaves_no_pictures(run: Callable[..., Any], tmp_path: Path) -> None:
    results = run(Model(), trainer={"fast_dev_run": True})
    assert results["scored"]["windows"] == 2 and results["scores"]["model"]["consistency_rmse"] is not None
    assert not (tmp_path / "pictures").exists()


def test_other_families_are_left_alone(run: Callable[..., Any], tmp_path: Path) -> None:
    assert "scores" not in run(Silent()) and not (tmp_path / "pictures").exists()


def test_the_configs_build_it(repository: Path, tmp_path: Path) -> None:
    node = OmegaConf.load(repository / "conf" / "callbacks" / "super_resolution_scores.yaml")
    node.paths = {"output": str(tmp_path)}
    callback = instantiate(node.super_resolution_scores)
    assert isinstance(callback, SuperResolutionScores) and callback.folder == tmp_path / "pictures"
    assert callback.panels.colours == ["B12", "B8A", "B5"]


class Bilinear(pl.LightningModule):
    """What needs no training."""

    def __init__(self, target_m: int) -> None:
        super().__init__()
        self.target_m = target_m

    def network(self, inputs: dict[int, torch.Tensor]) -> torch.Tensor:
        return inputs[self.target_m]

    def test_step(self, batch: dict[str, Any], batch_index: int) -> dict[str, torch.Tensor]:
        return {"prediction": self.network(batch["inputs"])}


@pytest.mark.real
@pytest.mark.parametrize(
    ("target_m", "tile", "rmse"), [(20, 512, 146.36), (20, 164, 146.36), (60, 512, 105.53)]
)
def test_a_real_product_in_one_piece_and_in_tiles(
    real_data: Path, repository: Path, tmp_path: Path, target_m: int, tile: int, rmse: float
) -> None:
    name = "S2A_MSIL1C_20170527_T33UUB.mat"
    product, other = real_data / "s2_dsen2_demo" / name, tmp_path / name
    shutil.copy(product, other)  # training needs products of its own
    data = Multiresolution(
        sensor=instantiate(OmegaConf.load(repository / "conf" / "sensor" / "sentinel2.yaml")),
        target_m=target_m, train=[other], test=[product], test_patch_size=tile, val_fraction=0.0,
    )  # fmt: skip
    callback = SuperResolutionScores(str(tmp_path / "pictures"))
    runner = pl.Trainer(
        accelerator="cpu", callbacks=[callback], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    runner.test(Bilinear(target_m), datamodule=data, verbose=False)
    results = callback.result_sections()
    assert results["scores"]["bicubic"]["rmse"] == pytest.approx(rmse, abs=0.01)
    assert results["scores"]["model"] == pytest.approx(results["scores"]["bilinear"])
    assert results["scored"]["pixels"] == {20: 300 * 300, 60: 96 * 96}[target_m]
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        f"{kind}_S2A_MSIL1C_20170527_T33UUB.png" for kind in ("scene", "native")
    }

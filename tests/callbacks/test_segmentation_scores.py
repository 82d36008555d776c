"""The callback under a real Trainer, on windows of a few pixels and a model whose mistakes are known."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import yaml
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf

from callbacks.segmentation_scores import SegmentationScores
from datamodules.base import ImageDataModule
from errors import UserError
from evaluation.joined_scores import join_scores
from evaluation.results import problem_of
from evaluation.segmentation_metrics import count_pixels, segmentation_scores
from products.specification import ImageSpecification
from running.instantiation import instantiate

BANDS = ["B2", "B3", "B4", "B8", "B11", "B12"]
NAMES = ("cloud", "ground", "snow", "water")
SCENES = ("T32TNS_20210126", "T32TNS_20210126", "T33UUU_20210302T101021")
NORTH, SOUTH = SCENES[0], SCENES[2]
SIDE = 24
# Digital numbers of BANDS in a cloud and on ground.
SPECTRA = np.array([[4500, 4400, 4500, 5000, 4000, 3000], [1000, 800, 600, 2800, 1300, 700]], np.float32)


def _window(number: int) -> dict[str, Any]:
    """Clouds in the upper left, ground elsewhere; a column that is unknown, a row without data."""
    mask = np.ones((SIDE, SIDE), np.int64)
    mask[: 8 + 2 * number, : 10 + number] = 0
    image = np.moveaxis(SPECTRA[mask], -1, 0).copy()
    valid = np.ones((1, SIDE, SIDE), bool)
    valid[:, -1] = False
    mask[:, -1] = 255
    name = SCENES[number]
    return {"image": image, "mask": mask, "valid": valid, "id": f"{name}#0,0,{SIDE},{SIDE}", "scene": name}


class Windows(ImageDataModule):
    """Three windows of two scenes."""

    channels = {"bands": BANDS}  # noqa: RUF012
    counts = (10, 90, 0, 0)

    def make_sets(self) -> None:
        self.test_set = [_window(number) for number in range(len(SCENES))]  # type: ignore[assignment]
        self.specification = ImageSpecification(tuple(BANDS), "float32", (0, 10000))

    def class_counts(self) -> list[int]:
        return list(self.counts)


class Model(pl.LightningModule):
    """Knows the truth but for the first columns, which it takes for water."""

    def __init__(self, wrong: int = 3, confidence: float = 0.9) -> None:
        super().__init__()
        self.wrong, self.confidence = wrong, confidence

    def test_step(self, batch: dict[str, Any], batch_index: int) -> dict[str, torch.Tensor]:
        prediction = batch["mask"].clone()
        prediction[prediction == 255] = 1
        prediction[..., : self.wrong] = 3
        one_hot = torch.nn.functional.one_hot(prediction, 4).movedim(-1, 1).float()
        rest = (1 - self.confidence) / 3
        return {
            "prediction": prediction.to(torch.uint8),
            "probabilities": rest + (self.confidence - rest) * one_hot,
        }


class Silent(pl.LightningModule):
    """A model of another family."""

    def test_step(self, batch: dict[str, Any], batch_index: int) -> torch.Tensor:
        return batch["image"].mean()


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., SegmentationScores]:
    """The callback as a config makes it: `build("roles.nir=[B5]", classes=None)`."""

    def make(*words: str, classes: str | None = "clouds") -> SegmentationScores:
        given = [] if classes is None else [f"classes={classes}"]
        node = _composed(*given).copy()
        node.paths = {"output": str(tmp_path)}
        for word in words:
            key, value = word.split("=")
            OmegaConf.update(node.callbacks.segmentation_scores, key, yaml.safe_load(value))
        return instantiate(node.callbacks.segmentation_scores)

    return make


@cache
def _composed(*words: str) -> DictConfig:
    with initialize_config_module("conf", version_base="1.3"):
        return compose("train", ["callbacks=segmentation", *words])


@pytest.fixture
def run(build: Callable[..., SegmentationScores]) -> Callable[..., dict[str, Any]]:
    """Test a model: `run(module, "strips=4", data=..., classes=..., **arguments of the Trainer)`."""

    def test(
        module: pl.LightningModule,
        *words: str,
        data: ImageDataModule | None = None,
        classes: str | None = "clouds",
        **trainer: Any,
    ) -> dict[str, Any]:
        callback = build("strips=0", *words, classes=classes)
        runner = pl.Trainer(
            accelerator="cpu", callbacks=[callback], logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, **trainer,
        )  # fmt: skip
        runner.test(module, datamodule=data or Windows(test_batch_size=2), verbose=False)
        results = {"schema": "nadir-results/1", "experiment": "windows", "data": {}, "metrics": {}}
        results |= callback.result_sections()
        assert problem_of(json.loads(json.dumps(results))) is None
        return {**results, "logged": {name: float(v) for name, v in runner.callback_metrics.items()}}

    return test


def _truth() -> list[np.ndarray]:
    windows = [_window(number) for number in range(3)]
    return [np.where(each["valid"][0], each["mask"], 255).astype(np.uint8) for each in windows]


def test_the_model_stands_beside_the_baselines(run: Callable[..., Any], tmp_path: Path) -> None:
    results = run(Model(), "strips=2")
    assert list(results["scores"]) == ["model", "majority", "spectral_rule"]
    counts = np.zeros((4, 4), np.int64)
    for truth in _truth():
        prediction = truth.copy()
        prediction[:, :3] = 3
        counts += count_pixels(truth, prediction, 4)
    expected = segmentation_scores(counts, NAMES)
    model = results["scores"]["model"]
    assert {name: model[name] for name in expected} == expected
    assert results["confusion_matrices"]["model"] == counts.tolist()
    assert results["scores"]["spectral_rule"]["mean_iou"] == 1  # plain spectra
    ground = counts[1].sum() / counts.sum()
    assert results["scores"]["majority"]["accuracy"] == pytest.approx(ground)
    assert results["logged"]["test/mean_iou"] == pytest.approx(model["mean_iou"], rel=1e-6)
    assert results["metrics"]["iou_cloud"] == model["iou_cloud"] and "iou_snow" not in results["metrics"]
    assert model["calibration_error"] == pytest.approx(abs(model["accuracy"] - 0.9), abs=1e-6)
    assert results["scored"]["pixels"] == 3 * (SIDE - 1) ** 2 and results["scored"]["scenes"] == 2
    absent = "no pixel of the test set is of this class"
    assert results["score_notes"] == {"snow": absent, "water": absent}
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "calendar_mean_iou.png", "confusion_model.png", "confusion_spectral_rule.png", f"scene_{NORTH}.png",
        f"scene_{SOUTH}.png",
    ]  # fmt: skip


def test_batches_do_not_matter(run: Callable[..., Any]) -> None:
    scores = [run(Model(), data=Windows(test_batch_size=size))["scores"] for size in (1, 2, 3)]
    assert scores[0] == scores[1] == scores[2]


def test_seeds_are_joined(run: Callable[..., Any]) -> None:
    members = [run(Model(wrong)) for wrong in (2, 6)]
    joined = join_scores(members, ["a", "a"])
    values = [member["scores"]["model"]["mean_iou"] for member in members]
    assert joined["scores"]["a"]["mean_iou"] == pytest.approx(np.mean(values))
    assert joined["scores_spread"]["a"]["iou_cloud"] > 0
    assert joined["scores"]["spectral_rule"]["mean_iou"] == 1


def test_baselines_that_cannot_be_had_say_why(run: Callable[..., Any]) -> None:
    data = Windows(test_batch_size=2)
    data.channels, data.counts, data.split_note = (
        {"bands": ["a", "b", "c", "d", "e", "f"]},
        (0, 0, 0, 0),
        "doubtful",
    )  # type: ignore[attr-defined]
    results = run(Model(), data=data)
    assert list(results["scores"]) == ["model", "majority"]
    notes = results["score_notes"]
    assert notes["split"] == "doubtful"
    assert notes["spectral_rule"].startswith("no band for blue (B2, B02, blue)")


def test_the_commonest_class_is_that_of_the_training_or_of_the_test_where_none_was(
    run: Callable[..., Any],
) -> None:
    truth = np.concatenate([each[each != 255] for each in _truth()])
    for counts, share in (((90, 10, 0, 0), (truth == 0).mean()), ((0, 0, 0, 0), (truth == 1).mean())):
        data = Windows(test_batch_size=2)
        data.counts = counts  # type: ignore[assignment]
        results = run(Model(), data=data)
        assert results["scores"]["majority"]["accuracy"] == pytest.approx(share)
        assert results["scores"]["majority"]["kappa"] == 0
        trained = any(counts)
        assert trained or "the commonest class of the test set" in results["score_notes"]["majority"]


def test_a_model_that_gives_no_numbers_has_no_scores_but_a_note(run: Callable[..., Any]) -> None:
    results = run(Model(confidence=float("nan")))
    assert set(results["scores"]["model"].values()) == {None} and results["metrics"] == {}
    assert results["score_notes"]["model"] == f"probabilities that are not finite, first in scene {NORTH}"
    assert results["scores"]["majority"]["accuracy"] > 0


def test_fast_dev_run_leaves_no_pictures(run: Callable[..., Any], tmp_path: Path) -> None:
    assert run(Model(), "strips=2", fast_dev_run=True)["scored"]["windows"] == 2
    assert not (tmp_path / "pictures").exists()


def test_other_families_are_left_alone(run: Callable[..., Any], tmp_path: Path) -> None:
    assert "scores" not in run(Silent(), "strips=2", classes=None) and not (tmp_path / "pictures").exists()


def test_a_segmentation_without_classes_is_a_sentence(run: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match="classes: found null, expected the classes of the masks"):
        run(Model(), classes=None)


def test_roles_are_given_once(build: Callable[..., SegmentationScores]) -> None:
    callback = build("roles.nir=[B5]")
    assert callback.roles is not None and callback.spectral_rule is not None
    assert callback.roles.roles["nir"] == ["B5"] == callback.spectral_rule.roles.roles["nir"]
    assert build("spectral_rule=null").spectral_rule is None

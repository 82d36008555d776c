"""The callback under a real Trainer, on toy scenes of a few pixels and a model whose error is known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from callbacks.translation_scores import TranslationScores
from datamodules.toy import Toy
from evaluation.reference_classifier import ReferenceClassifier
from evaluation.results import problem_of
from synthesis.toy.product_writer import ProductWriter
from tests.fakes.toy_scenes import TASKS, annotation, write_manifest

SIDE, T = 16, 6
SPLITS = {"1": "train", "2": "train", "3": "train", "4": "val", "5": "test", "6": "test"}
OFFSET = 0.125  # the error of the model


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes whose two classes have a season of their own each; the test scene 6 has a hole."""
    folder = tmp_path_factory.mktemp("toy")
    seasons = np.random.default_rng(0).random((3, T, 3))
    for scene in SPLITS:
        rng = np.random.default_rng(int(scene))
        noise = rng.normal(0, 0.03, (T, SIDE, SIDE, 3))
        labels = annotation(SIDE)[..., 1]
        frames = {"clean_optical": seasons[labels].transpose(2, 0, 1, 3) + noise}
        frames["clouded_optical"] = 0.3 * frames["clean_optical"] + 0.7
        frames["sar"] = rng.random((T, SIDE, SIDE, 3))
        if scene == "6":
            frames["clean_optical"][2, 5, 5] = np.nan
        for name, pixels in frames.items():
            shape = (SIDE, SIDE, 3)
            with ProductWriter(
                folder / scene / name, "published", shape=shape, num_cells=4, horizon=T
            ) as writer:
                for index in range(T):
                    writer.write(index, pixels[index], annotation(SIDE))
                writer.finish()
    write_manifest(folder, SPLITS)
    return folder


class Offset(pl.LightningModule):
    """The truth and a little more."""

    def test_step(self, batch: dict[str, Any], batch_index: int) -> dict[str, torch.Tensor]:
        return {"prediction": (batch["target"] + OFFSET).to(torch.float32)}


class Silent(pl.LightningModule):
    """A model of another family."""

    def test_step(self, batch: dict[str, Any], batch_index: int) -> torch.Tensor:
        return batch["target"].mean()


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Callable[..., tuple[TranslationScores, dict[str, Any]]]:
    """Test a model: `run(module, data={...}, trainer={...}, **arguments of the callback)`."""

    def test(
        module: pl.LightningModule,
        data: dict[str, Any] | None = None,
        trainer: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> tuple[TranslationScores, dict[str, Any]]:
        datamodule = Toy(
            root=str(root),
            task="cloud_removal",
            tasks=TASKS,
            seed=1,
            **{"test_batch_size": 4, **(data or {})},
        )
        callback = TranslationScores(
            str(tmp_path / "pictures"),
            **{"classifier": ReferenceClassifier(cache=tmp_path / "cache"), "strips": 1, **arguments},
        )
        runner = pl.Trainer(
            accelerator="cpu", callbacks=[callback], logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, **(trainer or {}),
        )  # fmt: skip
        runner.test(module, datamodule=datamodule, verbose=False)
        logged = {name: float(value) for name, value in runner.callback_metrics.items()}
        results = {"schema": "nadir-results/1", "experiment": "toy", "data": {}, "metrics": {}}
        results |= callback.result_sections()
        assert problem_of(json.loads(json.dumps(results))) is None
        return callback, {**results, "logged": logged}

    return test


def test_every_result_has_metrics_baselines_and_classes(run: Callable[..., Any], tmp_path: Path) -> None:
    _, results = run(Offset(), gif=True)
    assert list(results["scores"]) == ["model", "do_nothing", "band_mean"]
    model = results["scores"]["model"]
    assert model["mae"] == pytest.approx(OFFSET, abs=1e-4)
    assert model["psnr"] == pytest.approx(-20 * np.log10(OFFSET), abs=1e-3)
    assert model["psnr"] > results["scores"]["do_nothing"]["psnr"]
    assert results["metrics"] == {name: value for name, value in model.items() if value is not None}
    assert results["logged"]["test/psnr"] == pytest.approx(model["psnr"], abs=1e-4)
    assert results["scored"] == {"scenes": 2, "frames": 2 * T}
    assert results["classifier"]["scenes_classified"] == 2 and results["classifier"]["scenes"] == 3
    assert model["accuracy_real"] == pytest.approx(1.0, abs=0.02) and "skipped" not in results["classifier"]
    assert results["score_notes"] == {}
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "5.gif", "classes_5.png", "strip_5.png",
    ]  # fmt: skip


def test_batches_do_not_matter(run: Callable[..., Any]) -> None:
    scores = [run(Offset(), {"test_batch_size": size}, strips=0)[1]["scores"] for size in (1, 4, 100)]
    assert scores[0] == scores[1] == scores[2]


def test_a_second_test_starts_afresh_with_the_same_classifier(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    first = run(Offset(), strips=0)[1]
    (kept,) = (tmp_path / "cache").iterdir()
    written = kept.stat().st_mtime_ns
    second = run(Offset(), strips=0)[1]
    assert second["scores"] == first["scores"] and kept.stat().st_mtime_ns == written


def test_a_scene_cut_short_is_scored_without_classes(run: Callable[..., Any]) -> None:
    _, results = run(Offset(), {"test_batch_size": 3}, {"limit_test_batches": 3})
    assert results["scored"] == {"scenes": 2, "frames": T + 3}
    assert "scene 6 was not classified: the scene has 3 frames" in results["classifier"]["skipped"]
    assert results["classifier"]["scenes_classified"] == 1


def test_fast_dev_run_leaves_no_pictures(run: Callable[..., Any], tmp_path: Path) -> None:
    _, results = run(Offset(), trainer={"fast_dev_run": True})
    assert results["scored"] == {"scenes": 1, "frames": 4} and "skipped" in results["classifier"]
    assert not (tmp_path / "pictures").exists()


def test_masks_of_fields_are_no_classes(run: Callable[..., Any]) -> None:
    _, results = run(Offset(), {"mask": "instances"}, strips=0)
    assert results["classifier"] == {"scenes_classified": 0, "skipped": "the data's masks are no classes"}


def test_without_classifier_there_is_no_such_section(run: Callable[..., Any]) -> None:
    _, results = run(Offset(), classifier=None, strips=0, published=False)
    assert "classifier" not in results and set(results["scores"]["model"]) == {
        "psnr", "ssim", "mae", "mse", "sam", "ergas",
    }  # fmt: skip


def test_other_families_are_left_alone(run: Callable[..., Any], tmp_path: Path) -> None:
    callback, _ = run(Silent())
    assert callback.result_sections() == {} and not (tmp_path / "pictures").exists()


def test_the_configs_build_it(repository: Path, tmp_path: Path) -> None:
    node = OmegaConf.load(repository / "conf" / "callbacks" / "translation_scores.yaml")
    node.paths = {"output": str(tmp_path), "cache": str(tmp_path)}
    callback = instantiate(node.translation_scores)
    assert isinstance(callback, TranslationScores) and callback.classifier is not None
    assert callback.classifier.options["solver"] == "lbfgs" and callback.folder == tmp_path / "pictures"

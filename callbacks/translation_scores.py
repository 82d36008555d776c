"""Scores of a translation model over the test set, beside baselines that any model must beat."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from callbacks import translation_pictures as pictures
from evaluation.reference_classifier import FittedClassifier, NotFitted, ReferenceClassifier
from evaluation.translated_scene import TranslatedScene
from evaluation.translation_methods import MODEL, SceneScorer


class TranslationScores(pl.Callback):
    """Scores what a `test_step` returns as `prediction`, a scene at a time, and draws some scenes.

    A module takes part when its `test_step` returns `prediction` (B, C, H, W) float32 in the units of the target and
    the batch has `source`, `target`, `scene` and `frame`; for all others the callback does nothing. Frames of a scene
    must follow each other; a scene that a limit has cut short is scored by the frames there are. One scene is held in
    memory.

    The datamodule says what there is to compare with: `specification` (declared range), and, where it has them,
    `baselines` {name: {kind: source}}, `source_layout`, `revisit`, `split_note`, and `clean_scenes("train")` with an
    optional `clean_fingerprint("train")` for the reference classifier.

    Args:
        folder: where pictures go.
        classifier: fits and keeps the reference classifier; None = no classes.
        classify_baselines: let it judge the baselines too.
        published: also the published metrics, mistakes included.
        ergas_ratio: pixel side of the coarse input over that of the target.
        threads: frames that are scored side by side.
        strips: scenes that are drawn: a strip over time, and class maps.
        frames_in_strip: columns of a strip, spread over the scene.
        gif: also draw these scenes as animations.
    """

    def __init__(
        self,
        folder: str,
        *,
        classifier: ReferenceClassifier | None = None,
        classify_baselines: bool = True,
        published: bool = True,
        ergas_ratio: float = 1.0,
        threads: int = 4,
        strips: int = 4,
        frames_in_strip: int = 6,
        gif: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.classifier = classifier
        self.classify_baselines = classify_baselines
        self.published = published
        self.ergas_ratio = ergas_ratio
        self.threads = threads
        self.strips = strips
        self.frames_in_strip = frames_in_strip
        self.gif = gif
        self._forget()

    def _forget(self) -> None:
        self._frames: list[dict[str, Any]] = []  # of the scene that is being collected
        self._scorer: SceneScorer | None = None
        self._drawn = 0
        self._classifier_facts: dict[str, Any] = {}
        self._split_note: str | None = None

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
        """Collect the frames; score a scene when the next one begins."""
        if not isinstance(outputs, Mapping) or "prediction" not in outputs or not trainer.is_global_zero:
            return
        if not isinstance(batch, Mapping) or not batch.keys() >= {"source", "target", "scene", "frame"}:
            return
        arrays = {
            key: _numpy(batch[key]) for key in ("source", "target", "valid", "mask", "frame") if key in batch
        }
        arrays["prediction"] = _numpy(outputs["prediction"].float())
        for index, scene in enumerate(batch["scene"]):
            if self._frames and self._frames[0]["scene"] != scene:
                self._finish_scene(trainer)
            # Copies, because a view would keep its whole batch in memory.
            own = {key: values[index].copy() for key, values in arrays.items()}
            self._frames.append({"scene": str(scene), **own})

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Score the last scene and log the model's scores."""
        if self._frames:
            self._finish_scene(trainer)
        if self._scorer is not None:
            pl_module.log_dict(
                {f"test/{name}": value for name, value in self._metrics().items()}, rank_zero_only=True
            )

    def result_sections(self) -> dict[str, Any]:
        """The sections of `results.json` (`docs/results.md`); empty where the model translates nothing."""
        if self._scorer is None:
            return {}
        sections = self._scorer.sections()
        notes = dict(self._scorer.notes)
        if self._split_note:
            notes["split"] = self._split_note
        facts = {**self._classifier_facts, "scenes_classified": self._scorer.num_classified}
        if "classifier" in notes:
            facts["skipped"] = notes["classifier"]
        return {
            "metrics": self._metrics(),
            **sections,
            "score_notes": notes,
            **({} if self.classifier is None else {"classifier": facts}),
        }

    def _metrics(self) -> dict[str, float]:
        assert self._scorer is not None
        scores = self._scorer.board.means().get(MODEL, {})
        return {name: value for name, value in scores.items() if value is not None}

    def _begin(self, trainer: pl.Trainer) -> SceneScorer:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        self._split_note = getattr(data, "split_note", None)
        value_range = tuple(data.specification.value_range)
        scorer = SceneScorer(
            baselines=getattr(data, "baselines", None) or {},
            value_range=value_range,
            revisit=int(getattr(data, "revisit", 1)),
            published=self.published,
            ergas_ratio=self.ergas_ratio,
            threads=self.threads,
            classify_baselines=self.classify_baselines,
        )
        if self.classifier is not None:
            try:
                scorer.classifier = self._fitted(data, value_range)
                self._classifier_facts = scorer.classifier.facts
            except NotFitted as reason:
                scorer.notes["classifier"] = str(reason)
        return scorer

    def _fitted(self, data: Any, value_range: tuple[float, float]) -> FittedClassifier:
        assert self.classifier is not None
        if not hasattr(data, "clean_scenes"):
            raise NotFitted("the data know no clean scenes")
        if getattr(getattr(data, "options", None), "mask", "classes") != "classes":
            raise NotFitted("the data's masks are no classes")
        fingerprint = data.clean_fingerprint("train") if hasattr(data, "clean_fingerprint") else None
        return self.classifier.fitted(lambda: data.clean_scenes("train"), value_range, fingerprint)

    def _finish_scene(self, trainer: pl.Trainer) -> None:
        frames, self._frames = self._frames, []
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        if self._scorer is None:
            self._scorer = self._begin(trainer)
        scene = _scene(frames, dict(getattr(data, "source_layout", None) or {}))
        maps = self._scorer.add(scene)
        trial = bool(getattr(trainer, "fast_dev_run", False))
        if self._drawn < self.strips and scene.valid.any() and not trial:
            self._drawn += 1
            self._draw(scene, maps)

    def _draw(self, scene: TranslatedScene, maps: dict[str, np.ndarray]) -> None:
        assert self._scorer is not None
        scores = self._scorer.board.scenes.get(MODEL, [{}])[-1]
        title = f"scene {scene.name}"
        if scores.get("psnr") is not None and scores.get("ssim") is not None:
            title += f": PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f}"
        lo, hi = self._scorer.value_range
        count = len(scene.frames)
        chosen = np.unique(np.linspace(0, count - 1, min(self.frames_in_strip, count)).round().astype(int))
        name = _file_name(scene.name)
        columns = [f"frame {scene.frames[index]}" for index in range(count)]
        if self.gif:
            pictures.animation(
                _rows(scene, np.arange(count), hi - lo), columns, title, self.folder / f"{name}.gif"
            )
        picked = [columns[index] for index in chosen]
        footer = f"error: mean over bands, black = 0, bright = {pictures.ERROR_SHOWN * (hi - lo):g} or more"
        picture = pictures.strip(_rows(scene, chosen, hi - lo), picked, title, footer)
        pictures.save(picture, self.folder / f"strip_{name}.png")
        if maps:
            named = {"truth": maps["truth"]}
            for key, words in (("real", "classified real series"), (MODEL, "classified prediction")):
                if key in maps:
                    accuracy = scores.get("accuracy_real" if key == "real" else "accuracy")
                    named[words + ("" if accuracy is None else f": {100 * accuracy:.1f} % right")] = maps[key]
            pictures.save(
                pictures.class_maps(named, f"scene {scene.name}"), self.folder / f"classes_{name}.png"
            )


def _scene(frames: list[dict[str, Any]], layout: dict[str, tuple[int, int]]) -> TranslatedScene:
    stacked = {key: np.stack([frame[key] for frame in frames]) for key in ("source", "target", "prediction")}
    valid = np.isfinite(stacked["target"]).all(axis=1)
    if "valid" in frames[0]:
        valid &= np.stack([frame["valid"][0] for frame in frames]).astype(bool)
    return TranslatedScene(
        name=frames[0]["scene"],
        frames=np.array([int(frame["frame"]) for frame in frames]),
        source=stacked["source"],
        target=np.where(valid[:, None], stacked["target"], np.float32(0)),
        valid=valid,
        prediction=stacked["prediction"],
        mask=frames[0].get("mask"),
        source_layout={name: tuple(place) for name, place in layout.items()},  # type: ignore[misc]
    )


def _rows(scene: TranslatedScene, chosen: np.ndarray, span: float) -> dict[str, np.ndarray]:
    stretch = pictures.Stretch(scene.target, scene.valid)
    layout = scene.source_layout or {"source": (0, scene.source.shape[1])}
    rows = {name: stretch.colours(scene.source[chosen, first:end]) for name, (first, end) in layout.items()}
    rows["prediction"] = stretch.colours(scene.prediction[chosen])
    rows["truth"] = stretch.colours(scene.target[chosen])
    rows["error"] = pictures.error_colours(
        scene.prediction[chosen], scene.target[chosen], scene.valid[chosen], span
    )
    return rows


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


def _numpy(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)

"""Model and baselines on one scene after the other, and what is said about what could not be scored."""

from typing import Any

import numpy as np
import pytest

from evaluation.reference_classifier import ReferenceClassifier
from evaluation.translated_scene import TranslatedScene
from evaluation.translation_methods import SceneScorer
from evaluation.translation_scores import frame_scores

T, SIDE = 4, 16
BASELINES = {"do_nothing": {"copy": "clouded"}, "band_mean": {"mean": "target"}, "sar_only": {"copy": "sar"}}


def clean(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames (T, 3, H, W) of two classes with a season of their own each, and the mask."""
    rng = np.random.default_rng(seed)
    mask = rng.integers(2, size=(SIDE, SIDE))
    seasons = np.random.default_rng(1).random((2, T, 3)).astype(np.float32)
    noise = rng.normal(0, 0.03, (T, 3, SIDE, SIDE)).astype(np.float32)
    mask_with_background = np.where(np.arange(SIDE)[:, None] < 2, 255, mask)
    return seasons[mask].transpose(2, 3, 0, 1) + noise, mask_with_background


def scene(seed: int, **changes: Any) -> TranslatedScene:
    target, mask = clean(seed)
    rng = np.random.default_rng(seed + 100)
    clouded = 0.2 * target + 0.8
    sar = rng.random((T, 1, SIDE, SIDE)).astype(np.float32)
    values: dict[str, Any] = {
        "name": str(seed), "frames": np.arange(T), "source": np.concatenate([clouded, sar], 1), "target": target,
        "valid": np.ones((T, SIDE, SIDE), bool), "prediction": target + np.float32(0.1), "mask": mask,
        "source_layout": {"clouded": (0, 3), "sar": (3, 4)},
    }  # fmt: skip
    return TranslatedScene(**{**values, **changes})


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def scenes() -> Any:
        for seed in (50, 51):
            frames, mask = clean(seed)
            yield str(seed), frames.transpose(0, 2, 3, 1), mask

    return ReferenceClassifier(cache=tmp_path_factory.mktemp("cache")).fitted(scenes, (0.0, 1.0))


def test_model_and_baselines_stand_side_by_side(classifier: Any) -> None:
    scorer = SceneScorer(BASELINES, (0.0, 1.0), classifier=classifier, threads=3)
    for seed in (1, 2, 3):
        maps = scorer.add(scene(seed))
    sections = scorer.sections()
    assert list(sections["scores"]) == ["model", "do_nothing", "band_mean"]
    assert sections["scored"] == {"scenes": 3, "frames": 3 * T}
    assert scorer.notes == {"sar_only": "sar has 1 band(s), and the target has 3"}
    model, nothing = sections["scores"]["model"], sections["scores"]["do_nothing"]
    assert model["mae"] == pytest.approx(0.1, rel=1e-4) and model["mae_published"] == pytest.approx(
        0.2, rel=1e-4
    )
    by_hand = [
        frame_scores(clouded, target)["psnr"]
        for example in map(scene, (1, 2, 3))
        for clouded, target in zip(example.source[:, :3], example.target, strict=True)
    ]
    assert nothing["psnr"] == pytest.approx(np.mean(by_hand))
    assert model["accuracy_real"] > 0.95 and model["jaccard_real"] == nothing["jaccard_real"]
    assert model["jaccard_ratio"] == pytest.approx(model["jaccard"] / model["jaccard_real"])
    assert set(sections["scores_std"]["model"]) >= {"psnr", "ssim", "accuracy"}
    assert set(maps) == {"truth", "real", "model"} and set(np.unique(maps["real"][2:])) == {0, 1}
    assert np.all(maps["real"][:2] == 255)
    assert scorer.num_classified == 3


def test_what_the_classifier_cannot_judge_is_said_and_not_fatal(classifier: Any) -> None:
    scorer = SceneScorer({}, (0.0, 1.0), classifier=classifier)
    short = scene(1)
    cut = {key: getattr(short, key)[:3] for key in ("frames", "source", "target", "valid", "prediction")}
    assert scorer.add(scene(1, **cut)) == {}
    assert scorer.notes["classifier"] == (
        "scene 1 was not classified: the scene has 3 frames of 3 bands, the classifier was fitted on 4 frames of 3"
    )
    assert "accuracy" not in scorer.sections()["scores"]["model"]
    scorer.add(scene(2, mask=None))
    assert scorer.sections()["scored"] == {"scenes": 2, "frames": 3 + T} and scorer.num_classified == 0


def test_baselines_need_not_be_classified(classifier: Any) -> None:
    scorer = SceneScorer(
        BASELINES, (0.0, 1.0), classifier=classifier, classify_baselines=False, published=False
    )
    scorer.add(scene(1))
    scores = scorer.sections()["scores"]
    assert "accuracy" in scores["model"] and "accuracy" not in scores["do_nothing"]
    assert not any(name.endswith("_published") for name in scores["model"])


def test_a_diverged_model_has_no_score_and_a_note(classifier: Any) -> None:
    scorer = SceneScorer(BASELINES, (0.0, 1.0), classifier=classifier)
    scorer.add(scene(1))
    diverged = scene(2)
    diverged.prediction[1, 0, 5, 5] = np.nan
    scorer.add(diverged)
    scores = scorer.sections()["scores"]
    assert scores["model"]["psnr"] is None and scores["model"]["accuracy"] is None
    assert scores["model"]["accuracy_real"] > 0.9 and scores["do_nothing"]["psnr"] is not None
    assert scorer.notes["model"] == "predictions that are not finite, first in scene 2"


def test_pixels_without_data_have_no_say(classifier: Any) -> None:
    valid = np.ones((T, SIDE, SIDE), bool)
    valid[1, :, :4] = False  # in one frame only: no series there
    example = scene(1, valid=valid)
    example.prediction[1, :, :, :4] = np.nan
    scorer = SceneScorer({}, (0.0, 1.0), classifier=classifier)
    maps = scorer.add(example)
    assert scorer.sections()["scores"]["model"]["mae"] == pytest.approx(0.1, rel=1e-4)
    assert np.all(maps["real"][:, :4] == 255) and scorer.sections()["scores"]["model"]["accuracy"] is not None
    nothing_there = SceneScorer({}, (0.0, 1.0))
    nothing_there.add(scene(3, valid=np.zeros((T, SIDE, SIDE), bool)))
    assert nothing_there.sections()["scores"] == {}
    assert nothing_there.notes == {"3": "no pixel of the target has data"}

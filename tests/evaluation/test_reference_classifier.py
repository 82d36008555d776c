"""The reference classifier is fitted once for the same scenes and settings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from evaluation.reference_classifier import NotFitted, ReferenceClassifier

RANGE = (0.0, 1.0)


class Scenes:
    """Clean scenes of K classes with a season of their own each, and a count of how often they were read."""

    def __init__(self, classes: int = 3, seed: int = 0, count: int = 2) -> None:
        self.classes, self.seed, self.count, self.reads = classes, seed, count, 0

    def __call__(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        self.reads += 1
        rng = np.random.default_rng(self.seed)
        seasons = np.random.default_rng(9).random((self.classes, 4, 2))
        for number in range(self.count):
            mask = rng.integers(self.classes, size=(20, 20))
            frames = seasons[mask].transpose(2, 0, 1, 3) + rng.normal(0, 0.05, (4, 20, 20, 2))
            mask[:2] = 255
            yield str(number), frames.astype(np.float32), mask


@pytest.mark.parametrize("kind", ["logistic_regression", "gradient_boosting"])
@pytest.mark.parametrize("classes", [2, 5])
def test_it_tells_classes_apart(kind: str, classes: int, tmp_path: Path) -> None:
    scenes = Scenes(classes)
    options = {"gradient_boosting": {"max_iter": 20, "random_state": 0}, "logistic_regression": {"C": 10}}
    fitted = ReferenceClassifier(cache=tmp_path, kind=kind, max_pixels=600, options=options).fitted(
        scenes, RANGE
    )
    assert fitted.facts == {
        "kind": kind, "pixels": 600, "scenes": 2, "scenes_left_out": 0, "num_frames": 4, "num_bands": 2,
        "classes": list(range(classes)), "accuracy_on_its_pixels": pytest.approx(1, abs=0.05),
        "key": fitted.facts["key"],
    }  # fmt: skip
    assert fitted.refuses(4, 2) is None
    assert (
        fitted.refuses(3, 2)
        == "the scene has 3 frames of 2 bands, the classifier was fitted on 4 frames of 2"
    )


def test_with_a_fingerprint_scenes_are_read_once(tmp_path: Path) -> None:
    scenes = Scenes()
    maker = ReferenceClassifier(cache=tmp_path, max_pixels=300)
    first = maker.fitted(scenes, RANGE, {"root": "a", "scenes": [1, 2]})
    again = maker.fitted(scenes, RANGE, {"root": "a", "scenes": [1, 2]})
    assert scenes.reads == 1 and again.facts == first.facts
    np.testing.assert_array_equal(again.model.coefficients, first.model.coefficients)
    maker.fitted(scenes, RANGE, {"root": "a", "scenes": [1, 3]})
    assert scenes.reads == 2 and len(list(tmp_path.iterdir())) == 2


def test_without_a_fingerprint_the_pixels_themselves_decide(tmp_path: Path) -> None:
    maker = ReferenceClassifier(cache=tmp_path, max_pixels=300)
    keys = [maker.fitted(Scenes(seed=seed), RANGE).facts["key"] for seed in (0, 0, 1)]
    assert keys[0] == keys[1] != keys[2]
    assert len(list(tmp_path.iterdir())) == 2


def test_other_settings_are_another_classifier(tmp_path: Path) -> None:
    keys = {
        ReferenceClassifier(cache=tmp_path, **{"max_pixels": 300, **changed}).fitted(Scenes(), RANGE, "f").facts["key"]
        for changed in (
            {}, {"seed": 1}, {"max_pixels": 200}, {"kind": "gradient_boosting"},
            {"options": {"logistic_regression": {"C": 1}}},
        )
    }  # fmt: skip
    assert len(keys) == 5
    assert (
        len(
            {
                ReferenceClassifier(cache=tmp_path).fitted(Scenes(), r, "f").facts["key"]
                for r in (RANGE, (0.0, 2.0))
            }
        )
        == 2
    )


def test_why_nothing_could_be_fitted(tmp_path: Path) -> None:
    maker = ReferenceClassifier(cache=tmp_path)
    with pytest.raises(NotFitted, match="no training scenes"):
        maker.fitted(Scenes(count=0), RANGE)
    with pytest.raises(NotFitted, match=r"show 1 class\(es\), and it takes two"):
        maker.fitted(Scenes(classes=1), RANGE)
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_of_the_cache_is_one_sentence(tmp_path: Path) -> None:
    maker = ReferenceClassifier(cache=tmp_path)
    maker.fitted(Scenes(), RANGE, "f")
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match=f"{path.name} is no reference classifier"):
        maker.fitted(Scenes(), RANGE, "f")


def test_impossible_settings(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected logistic_regression or gradient_boosting"):
        ReferenceClassifier(cache=tmp_path, kind="forest")
    with pytest.raises(UserError, match=r"classifier\.max_pixels: found 1"):
        ReferenceClassifier(cache=tmp_path, max_pixels=1)

"""Classifiers come back from disk as they were, and nothing else does."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from errors import UserError
from evaluation.pixel_classifiers import KINDS, BoostedClassifier, LinearClassifier

OPTIONS = {
    "logistic_regression": {"C": 10, "max_iter": 200},
    "gradient_boosting": {"max_iter": 3, "random_state": 1},
}


def blobs(classes: int, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Series of 6 numbers around one point for each class; classes are 1, 3, 5, ..."""
    rng = np.random.default_rng(classes)
    labels = rng.integers(classes, size=count)
    centres = rng.normal(0, 1, (classes, 6))
    return (centres[labels] + rng.normal(0, 0.5, (count, 6))).astype(np.float32), 2 * labels + 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 4])
def test_what_is_loaded_predicts_as_scikit_learn_does(kind: str, classes: int, tmp_path: Path) -> None:
    features, labels = blobs(classes)
    estimator = {
        "logistic_regression": LogisticRegression,
        "gradient_boosting": HistGradientBoostingClassifier,
    }
    expected = estimator[kind](**OPTIONS[kind]).fit(features, labels).predict(features)
    fitted = KINDS[kind].fit(features, labels, OPTIONS[kind])
    path = tmp_path / f"classifier{KINDS[kind].suffix}"
    fitted.save(path, "made of blobs")
    loaded, facts = KINDS[kind].load(path)
    assert facts == "made of blobs" and loaded.num_features == 6
    assert loaded.classes.tolist() == [1, 3, 5, 7][:classes]
    for model in (fitted, loaded):
        found = model.predict(features)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_and_foreign_files_are_one_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"classifier{KINDS[kind].suffix}"
    KINDS[kind].fit(*blobs(3), OPTIONS[kind]).save(path, "")
    whole = path.read_bytes()
    spoiled = bytearray(whole)
    spoiled[len(whole) // 2] ^= 0xFF
    for content in (
        b"",
        b"not a classifier",
        whole[: len(whole) // 2],
        bytes(spoiled),
        pickle.dumps({"a": 1}),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"{path} is no reference classifier of this program"):
            KINDS[kind].load(path)


def test_arrays_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "classifier.npz"
    LinearClassifier(np.zeros((3, 6)), np.zeros(2), np.arange(3)).save(path, "")
    with pytest.raises(UserError, match="other arrays"):
        LinearClassifier.load(path)
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(UserError, match="delete it"):
        LinearClassifier.load(path)


def test_types_that_nobody_listed_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "classifier.skops"
    skops.io.dump({"schema": "nadir-pixel-classifier/1", "facts": "", "model": blobs}, path)
    with pytest.raises(UserError, match="Untrusted"):
        BoostedClassifier.load(path)
    skops.io.dump({"schema": "another"}, path)
    with pytest.raises(UserError, match="other content"):
        BoostedClassifier.load(path)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UserError, match="expected a writable cache"):
        LinearClassifier(np.zeros((1, 6)), np.zeros(1), np.arange(2)).save(tmp_path / "cache" / "c.npz", "")

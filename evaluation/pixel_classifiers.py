"""Classifiers of pixel series that are kept on disk without pickle: plain arrays, or skops with an explicit list."""

import os
import tempfile
import warnings
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from errors import UserError

SCHEMA = "nadir-pixel-classifier/1"
# Beside what skops trusts by itself; a file that holds anything else is refused.
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


class PixelClassifier(ABC):
    """A fitted classifier.

    Attributes:
        classes: the classes it tells apart, ascending.
        num_features: length of the series that it was fitted on.
    """

    suffix: ClassVar[str]
    classes: np.ndarray
    num_features: int

    @abstractmethod
    def predict(self, features: np.ndarray) -> np.ndarray:
        """Classes `(N,)` int64 of series `(N, num_features)` float32."""

    @abstractmethod
    def save(self, path: Path, facts: str) -> None:
        """Write the classifier, and a text about it, wholly or not at all."""

    @classmethod
    @abstractmethod
    def load(cls, path: Path) -> "tuple[PixelClassifier, str]":
        """Read both back.

        Raises:
            UserError: the file is damaged, or is something else.
        """


class LinearClassifier(PixelClassifier):
    """Multinomial (with two classes: binary) logistic regression as plain arrays.

    Args:
        coefficients: `(K, F)`, with two classes `(1, F)`.
        intercepts: `(K,)` or `(1,)`.
        classes: `(K,)` int64.
    """

    suffix = ".npz"

    def __init__(self, coefficients: np.ndarray, intercepts: np.ndarray, classes: np.ndarray) -> None:
        self.coefficients, self.intercepts, self.classes = coefficients, intercepts, classes
        self.num_features = coefficients.shape[1]

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray, options: Mapping[str, Any]) -> "LinearClassifier":
        """Fit scikit-learn's `LogisticRegression(**options)`."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        with warnings.catch_warnings():
            # The published solver stops at its limit of iterations; so it did when it was published.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LogisticRegression(**options).fit(features, labels)
        return cls(model.coef_, model.intercept_, model.classes_.astype(np.int64))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """See `PixelClassifier`."""
        decisions = features @ self.coefficients.T.astype(features.dtype) + self.intercepts
        chosen = (decisions[:, 0] > 0).astype(int) if decisions.shape[1] == 1 else decisions.argmax(axis=1)
        return self.classes[chosen]

    def save(self, path: Path, facts: str) -> None:
        """See `PixelClassifier`."""
        arrays: dict[str, Any] = {
            "schema": np.array(SCHEMA),
            "facts": np.array(facts),
            "coefficients": self.coefficients,
            "intercepts": self.intercepts,
            "classes": self.classes,
        }

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, **arrays)

        _write_whole(path, write)

    @classmethod
    def load(cls, path: Path) -> "tuple[LinearClassifier, str]":
        """See `PixelClassifier`."""
        try:
            with np.load(path, allow_pickle=False) as file:
                content = {name: file[name] for name in file.files}
            model = cls(content["coefficients"], content["intercepts"], content["classes"])
            if str(content["schema"]) != SCHEMA or not model._is_sound():
                raise ValueError("other arrays")
            return model, str(content["facts"])
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
            raise _refused(path, error) from error

    def _is_sound(self) -> bool:
        rows = 1 if len(self.classes) == 2 else len(self.classes)
        return (
            self.coefficients.shape == (rows, self.num_features)
            and self.intercepts.shape == (rows,)
            and self.classes.dtype.kind == "i"
        )


class BoostedClassifier(PixelClassifier):
    """Gradient boosting of histograms.

    Args:
        model: a fitted `HistGradientBoostingClassifier`.
    """

    suffix = ".skops"

    def __init__(self, model: Any) -> None:
        self.model = model
        self.classes = np.asarray(model.classes_, np.int64)
        self.num_features = int(model.n_features_in_)

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray, options: Mapping[str, Any]) -> "BoostedClassifier":
        """Fit scikit-learn's `HistGradientBoostingClassifier(**options)`."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return cls(HistGradientBoostingClassifier(**options).fit(features, labels))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """See `PixelClassifier`."""
        return np.asarray(self.model.predict(features), np.int64)

    def save(self, path: Path, facts: str) -> None:
        """See `PixelClassifier`."""
        import skops.io

        content = {"schema": SCHEMA, "facts": facts, "model": self.model}
        _write_whole(path, lambda temporary: skops.io.dump(content, temporary))

    @classmethod
    def load(cls, path: Path) -> "tuple[BoostedClassifier, str]":
        """See `PixelClassifier`."""
        import skops.io
        from skops.io.exceptions import UntrustedTypesFoundException

        try:
            content = skops.io.load(path, trusted=TRUSTED)
            if content["schema"] != SCHEMA:
                raise ValueError("other content")
            return cls(content["model"]), str(content["facts"])
        except (
            OSError, ValueError, TypeError, KeyError, AttributeError, EOFError, zipfile.BadZipFile,
            UntrustedTypesFoundException,
        ) as error:  # fmt: skip
            raise _refused(path, error) from error


# What `ReferenceClassifier.kind` may name.
KINDS: dict[str, type[LinearClassifier] | type[BoostedClassifier]] = {
    "logistic_regression": LinearClassifier,
    "gradient_boosting": BoostedClassifier,
}


def _write_whole(path: Path, write: Callable[[Path], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}", suffix=".partial", dir=path.parent)
    except OSError as error:
        raise UserError(f"{path.parent} cannot be written ({error}): expected a writable cache") from error
    os.close(descriptor)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _refused(path: Path, error: Exception) -> UserError:
    why = str(error).split("\n", 1)[0][:120]
    return UserError(
        f"{path} is no reference classifier of this program ({type(error).__name__}: {why}): delete it"
    )

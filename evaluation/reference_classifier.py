"""The reference classifier: how well do classes of pixels show in a translated series?

It is fitted once on clean training scenes and then judges generated and real imagery of the test scenes. A sample is
a pixel's whole series, as published (Toy Virtual Dataset for Remote Sensing Imagery Problems Evaluation, 2020).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from evaluation.pixel_classifiers import KINDS, PixelClassifier
from evaluation.pixel_series import CleanScene, PixelSample, sample_pixels

# Part of the cache key: raise it when the same pixels and settings come to give another classifier.
VERSION = 1


class NotFitted(Exception):
    """Why there is no reference classifier, in words for the results."""


@dataclass(frozen=True)
class FittedClassifier:
    """A classifier and what it was fitted on.

    Attributes:
        model: predicts classes of series.
        facts: for the results: kind, pixels, scenes, num_frames, num_bands, classes, accuracy on its own pixels, key.
    """

    model: PixelClassifier
    facts: dict[str, Any]

    def refuses(self, num_frames: int, num_bands: int) -> str | None:
        """Why series of this length are none that it knows; None where it takes them."""
        known = self.facts["num_frames"], self.facts["num_bands"]
        if (num_frames, num_bands) == known:
            return None
        return (
            f"the scene has {num_frames} frames of {num_bands} bands, "
            f"the classifier was fitted on {known[0]} frames of {known[1]}"
        )


class ReferenceClassifier:
    """Fits a classifier on clean training scenes, or takes the one that was fitted on them before.

    Args:
        cache: folder that keeps fitted classifiers; files are named by what they were fitted on.
        kind: `logistic_regression` (as published, kept as plain arrays) or `gradient_boosting` (stronger, kept by skops).
        max_pixels: training pixels, drawn evenly over all scenes.
        seed: of the draw.
        options: {kind: arguments of scikit-learn's estimator}.

    Raises:
        UserError: an unknown kind, or fewer than two pixels.
    """

    def __init__(
        self,
        *,
        cache: str | Path,
        kind: str = "logistic_regression",
        max_pixels: int = 200_000,
        seed: int = 73,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        if kind not in KINDS:
            raise UserError(f"classifier.kind: found {kind!r}, expected {' or '.join(KINDS)}")
        if max_pixels < 2:
            raise UserError(f"classifier.max_pixels: found {max_pixels}, expected at least 2")
        self.cache = Path(cache)
        self.kind = kind
        self.max_pixels = max_pixels
        self.seed = seed
        self.options = dict((options or {}).get(kind) or {})

    def fitted(
        self,
        scenes: Callable[[], Iterable[CleanScene]],
        value_range: tuple[float, float],
        fingerprint: Any = None,
    ) -> FittedClassifier:
        """The classifier of these scenes.

        Args:
            scenes: gives the clean training scenes one after the other.
            value_range: declared range of their values, which becomes [-1, 1].
            fingerprint: JSON data that change whenever the scenes do; with it, scenes are read only where nothing is
                in the cache. None: they are read every time, and the key is a hash of the pixels themselves.

        Raises:
            NotFitted: no scenes, or fewer than two classes in them.
            UserError: a file of the cache is damaged, or the cache cannot be written.
        """
        sample: PixelSample | None = None
        if fingerprint is None:
            sample = self._sample(scenes, value_range)
            content = hashlib.sha256(sample.features.tobytes())
            content.update(sample.labels.tobytes())
            fingerprint = content.hexdigest()
        settings = [VERSION, self.kind, self.max_pixels, self.seed, self.options, value_range]
        text = json.dumps([settings, fingerprint], sort_keys=True, default=_plain)
        key = hashlib.sha256(text.encode()).hexdigest()[:20]
        path = self.cache / f"{key}{KINDS[self.kind].suffix}"
        if path.exists():
            model, facts = KINDS[self.kind].load(path)
            return FittedClassifier(model, json.loads(facts))
        sample = self._sample(scenes, value_range) if sample is None else sample
        model = KINDS[self.kind].fit(sample.features, sample.labels, self.options)
        own = float(np.mean(model.predict(sample.features) == sample.labels))
        found: dict[str, Any] = {
            "kind": self.kind,
            "pixels": len(sample.labels),
            "scenes": len(sample.scenes),
            "scenes_left_out": len(sample.left_out),
            "num_frames": sample.num_frames,
            "num_bands": sample.num_bands,
            "classes": [int(label) for label in model.classes],
            "accuracy_on_its_pixels": own,
            "key": key,
        }
        model.save(path, json.dumps(found))
        return FittedClassifier(model, found)

    def _sample(
        self, scenes: Callable[[], Iterable[CleanScene]], value_range: tuple[float, float]
    ) -> PixelSample:
        sample = sample_pixels(scenes(), self.max_pixels, self.seed, value_range)
        if sample is None:
            raise NotFitted("there are no training scenes to fit it on")
        present = np.unique(sample.labels)
        if len(present) < 2:
            raise NotFitted(f"the training scenes show {len(present)} class(es), and it takes two")
        return sample


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)

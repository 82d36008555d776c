"""What a recurrent model remembers while it reads the frames of scene after scene."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from networks.translation import Translator


class SceneMemory:
    """The previous prediction, as long as frames of one scene follow each other.

    It is forgotten when the scene changes and when a frame is not later than the one before.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._previous: Tensor | None = None
        self._scene: str | None = None
        self._frame: int | None = None

    def predict(self, network: Translator, batch: Mapping[str, Any], at_once: int | None = None) -> Tensor:
        """Predictions (B, C, H, W) float32 raw for `source` (B, Cs, H, W) of a batch, in its order.

        A network without memory takes `at_once` images at a time (None: all), which bounds the use of memory.
        One with memory takes frame after frame; `scene` (list of B str) and `frame` (B,) say where they belong;
        a batch without them is one scene.
        """
        source: Tensor = batch["source"]
        if not network.recurrent:
            return torch.cat([network(part) for part in source.split(at_once or len(source))])
        scenes = batch.get("scene") or [""] * len(source)
        frames = batch.get("frame")
        predictions = []
        for index, image in enumerate(source.split(1)):
            frame = index if frames is None else int(frames[index])
            if scenes[index] != self._scene or self._frame is None or frame <= self._frame:
                self._previous = None
            self._previous = network(image, self._previous)
            self._scene, self._frame = scenes[index], frame
            predictions.append(self._previous)
        return torch.cat(predictions)

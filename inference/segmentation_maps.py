"""From means over windows to maps: classes, probabilities, uncertainty."""

from typing import Protocol

import numpy as np

from inference.segmentation_views import Channels
from inference.sinks import Sink
from products.class_table import IGNORE
from products.window import Window


class IndexWriter(Protocol):
    """Anything that takes windows of a map of classes."""

    def write(self, window: Window, indices: np.ndarray) -> None:
        """Put (h, w) uint8 class indices in their place."""


class SegmentationMaps:
    """A sink for the means of `Channels`, which it hands on as maps.

    Args:
        shape: rows, columns.
        channels: what the means are.
        classes: takes the likeliest class, 255 where the scene has no data.
        probabilities: takes (K, h, w) float32, NaN where the scene has no data.
        uncertainty: takes (1, h, w) float32, likewise.

    Attributes:
        counts: (256,) int64, pixels by number in the map of classes.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        channels: Channels,
        classes: IndexWriter,
        probabilities: Sink | None = None,
        uncertainty: Sink | None = None,
    ) -> None:
        self._shape, self.channels = shape, channels
        self.classes, self.probabilities, self.uncertainty = classes, probabilities, uncertainty
        self.counts = np.zeros(IGNORE + 1, np.int64)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows, columns."""
        return len(self.channels), *self._shape

    def write(self, window: Window, array: np.ndarray) -> None:
        """Take means (C, h, w) float64 of a window."""
        missing = ~self.channels.valid(array)
        indices = self.channels.indices(array)
        indices[missing] = IGNORE
        self.counts += np.bincount(indices.ravel(), minlength=len(self.counts))
        self.classes.write(window, indices)
        if self.probabilities is not None:
            self.probabilities.write(window, _without(missing, self.channels.probabilities(array)))
        if self.uncertainty is not None:
            self.uncertainty.write(window, _without(missing, self.channels.doubt(array)[None]))


def _without(missing: np.ndarray, values: np.ndarray) -> np.ndarray:
    numbers = values.astype(np.float32)
    numbers[:, missing] = np.nan
    return numbers

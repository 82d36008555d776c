"""One test scene with what a model made of it."""

from dataclasses import dataclass

import numpy as np

from evaluation.pixel_series import BACKGROUND


@dataclass(frozen=True)
class TranslatedScene:
    """Frames of one scene, T of them, in the units of the declared range.

    Attributes:
        name: of the scene.
        frames: number of each frame `(T,)`.
        source: `(T, Cs, H, W)` float32, 0 where there is no data.
        target: `(T, C, H, W)` float32, 0 where not valid.
        valid: `(T, H, W)` bool, where the target has data.
        prediction: `(T, C, H, W)` float32, of the model.
        mask: `(H, W)` classes from 0, 255 = background; None where the data have no classes.
        source_layout: {source: (first channel, first channel after it)}.
    """

    name: str
    frames: np.ndarray
    source: np.ndarray
    target: np.ndarray
    valid: np.ndarray
    prediction: np.ndarray
    mask: np.ndarray | None
    source_layout: dict[str, tuple[int, int]]

    def channels(self, source: str) -> np.ndarray:
        """The channels of one source, `(T, c, H, W)`.

        Raises:
            KeyError: no such source.
        """
        first, end = self.source_layout[source]
        return self.source[:, first:end]

    @property
    def with_class(self) -> np.ndarray | None:
        """`(H, W)` bool: pixels that have a class, and data in every frame."""
        return None if self.mask is None else (self.mask != BACKGROUND) & self.valid.all(axis=0)

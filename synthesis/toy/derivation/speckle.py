"""Speckle of a coherent sensor."""

from dataclasses import dataclass

import numpy as np

from synthesis.toy.derivation.option_checks import require_positive
from synthesis.toy.derivation.stage import Draws, Prepared, Shape


@dataclass(frozen=True)
class Speckle:
    """Multiplies every pixel and band by a Gamma variate of mean 1 and variance 1 / looks, as a multi-look intensity
    image of homogeneous ground varies.

    Attributes:
        looks: equivalent number of looks.

    Raises:
        UserError: an impossible value.
    """

    looks: float

    def __post_init__(self) -> None:
        require_positive("speckle.looks", self.looks)

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """See `Stage`."""

        def image(frame: np.ndarray, index: int) -> np.ndarray:
            noise = draws.frame(index).standard_gamma(self.looks, size=shape, dtype=np.float32)
            noise *= np.float32(1 / self.looks)
            noise *= frame
            return noise

        return Prepared(shape, image)

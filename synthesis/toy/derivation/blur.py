"""Gaussian blur."""

from dataclasses import dataclass

import numpy as np

from synthesis.toy.derivation.option_checks import require_positive
from synthesis.toy.derivation.separable import apply, gaussian_blur
from synthesis.toy.derivation.stage import Draws, Prepared, Shape


@dataclass(frozen=True)
class Blur:
    """Every pixel becomes a Gaussian mean of its surroundings inside of the image; labels stay.

    Attributes:
        sigma_px: standard deviation, pixels.

    Raises:
        UserError: an impossible value.
    """

    sigma_px: float

    def __post_init__(self) -> None:
        require_positive("blur.sigma_px", self.sigma_px)

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """See `Stage`."""
        down, across = (gaussian_blur(length, self.sigma_px) for length in shape[:2])

        def image(frame: np.ndarray, index: int) -> np.ndarray:
            return apply(down, across, frame)

        return Prepared(shape, image)

"""Salt-and-pepper noise: what the published imagery calls speckle."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthesis.toy.derivation.option_checks import require_pair
from synthesis.toy.derivation.stage import Draws, Prepared, Shape

LARGEST = 1e3  # parameter of the distribution


@dataclass(frozen=True)
class SaltAndPepper:
    """Replaces a share of the pixels, drawn anew for each frame; a replaced pixel has one value in all bands.

    Attributes:
        fraction: interval of the share of replaced pixels.
        beta: parameters of the Beta distribution of the new values, in [0, 1].

    Raises:
        UserError: an impossible value.
    """

    fraction: Sequence[float]
    beta: Sequence[float] = (0.5, 0.5)

    def __post_init__(self) -> None:
        require_pair("salt_and_pepper.fraction", self.fraction, 0, 1)
        require_pair("salt_and_pepper.beta", self.beta, 1e-3, LARGEST, ascending=False)

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """See `Stage`."""
        (least, greatest), (a, b) = self.fraction, self.beta

        def image(frame: np.ndarray, index: int) -> np.ndarray:
            rng = draws.frame(index)
            share = rng.uniform(least, greatest)
            hit = rng.random(shape[:2], dtype=np.float32) < share
            noisy = frame.copy()
            noisy[hit] = rng.beta(a, b, size=(np.count_nonzero(hit), 1))
            return noisy

        return Prepared(shape, image)

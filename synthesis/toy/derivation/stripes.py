"""Missing stripes, as of a scanner whose line corrector has failed."""

import math
from dataclasses import dataclass

import numpy as np

from synthesis.toy.derivation.option_checks import is_number, require, require_positive, require_share
from synthesis.toy.derivation.stage import Draws, Prepared, Shape


@dataclass(frozen=True)
class Stripes:
    """Parallel stripes without data (NaN in all bands), elsewhere in each frame; labels stay.

    Attributes:
        probability: chance of a frame to have them.
        period_px: distance from stripe to stripe.
        width_px: of a stripe, at most the period.
        angle_deg: direction of the stripes; 0 = along rows, 90 = along columns.

    Raises:
        UserError: an impossible value.
    """

    probability: float = 1.0
    period_px: float = 32.0
    width_px: float = 6.0
    angle_deg: float = 0.0

    def __post_init__(self) -> None:
        require_share("stripes.probability", self.probability)
        require_positive("stripes.period_px", self.period_px)
        holds = is_number(self.width_px) and 0 < self.width_px <= self.period_px
        require(holds, "stripes.width_px", self.width_px, f"a number above 0, at most {self.period_px}")
        require(is_number(self.angle_deg), "stripes.angle_deg", self.angle_deg, "a number")

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """See `Stage`."""
        angle = math.radians(self.angle_deg)
        rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
        across = rows * math.cos(angle) + columns * math.sin(angle)

        def image(frame: np.ndarray, index: int) -> np.ndarray:
            rng = draws.frame(index)
            if rng.random() >= self.probability:
                return frame
            shift = rng.uniform(0, self.period_px)
            striped = frame.copy()
            striped[(across + shift) % self.period_px < self.width_px] = np.nan
            return striped

        return Prepared(shape, image)

"""One gain and one offset for all frames of a product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthesis.toy.derivation.option_checks import is_whole, require, require_pair
from synthesis.toy.derivation.stage import Draws, Prepared, Shape

LARGEST = 1e6  # of what can be asked for
MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class Brightness:
    """`gain * x + offset`, both drawn evenly from an interval.

    Attributes:
        multiply: interval of the gain.
        add: interval of the offset.
        seed: of the draw, the same for all products, as published (numpy's legacy generator, the gain first); None
            draws for each product anew.

    Raises:
        UserError: an impossible value.
    """

    multiply: Sequence[float] = (1.0, 1.0)
    add: Sequence[float] = (0.0, 0.0)
    seed: int | None = None

    def __post_init__(self) -> None:
        require_pair("brightness.multiply", self.multiply, -LARGEST, LARGEST)
        require_pair("brightness.add", self.add, -LARGEST, LARGEST)
        holds = self.seed is None or (is_whole(self.seed) and 0 <= self.seed <= MAX_SEED)
        require(holds, "brightness.seed", self.seed, f"null or a whole number from 0 to {MAX_SEED}")

    def constants(self, draws: Draws) -> tuple[float, float]:
        """Gain and offset of a product."""
        rng = draws.product() if self.seed is None else np.random.RandomState(self.seed)
        (least_gain, greatest_gain), (least, greatest) = self.multiply, self.add
        return float(rng.uniform(least_gain, greatest_gain)), float(rng.uniform(least, greatest))

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """See `Stage`."""
        gain, offset = map(np.float32, self.constants(draws))

        def image(frame: np.ndarray, index: int) -> np.ndarray:
            brighter = frame * gain
            brighter += offset
            return brighter

        return Prepared(shape, image)

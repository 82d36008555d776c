"""How much a window is worth labelling, from what a network says of it."""

from collections.abc import Sequence

import numpy as np

from errors import UserError
from products.class_table import IGNORE

RANDOM, CORE_SET = "random", "core_set"
NEED_DRAWS = ("bald", "spread_published")
PIXEL_SCORES = ("entropy", "margin", "weak_label_loss", *NEED_DRAWS)
ACQUISITIONS = (*PIXEL_SCORES, CORE_SET, RANDOM)
_TINY = 1e-12  # what the logarithm of a probability sees at least


class ProbabilitySums:
    """Sums over several draws of class probabilities of one window, so that no draw need be kept.

    A draw is what a network with dropout says (Monte-Carlo dropout, Gal & Ghahramani 2016), what it says of a flipped
    image, or the one thing that it says without either.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sum = np.zeros(())
        self._squares = np.zeros(())
        self._entropies = np.zeros(())

    def add(self, probabilities: np.ndarray) -> None:
        """Add draws (S, K, H, W), which sum to 1 over K."""
        draws = probabilities.astype(np.float64)
        self._sum = self._sum + draws.sum(0)
        self._squares = self._squares + (draws**2).sum(0)
        self._entropies = self._entropies + entropy(draws, axis=1).sum(0)
        self.count += len(draws)

    @property
    def mean(self) -> np.ndarray:
        """(K, H, W): the mean of the draws."""
        return self._sum / self.count

    def scores(self, name: str, mask: np.ndarray | None = None) -> np.ndarray:
        """(H, W) float64: of each pixel, more where labelling teaches more.

        * `entropy`: of the mean of the draws, in nats: 0 (sure) to ln K.
        * `bald`: entropy of the mean less mean of the entropies: what draws disagree about (Houlsby et al. 2011), 0 to ln K.
        * `margin`: 1 - (largest - second largest) of the mean: 0 to 1.
        * `weak_label_loss`: -ln of the mean at the class of `mask`; NaN where that is 255.
        * `spread_published`: twice the standard deviation over draws, averaged over classes, as Nimbus has it.

        Args:
            name: of the above.
            mask: (H, W) class indices of the labels that are doubted.

        Raises:
            UserError: an unknown name, or one that needs several draws.
        """
        check(name, self.count)
        mean = self.mean
        if name == "entropy":
            return entropy(mean)
        if name == "bald":
            return np.maximum(entropy(mean) - self._entropies / self.count, 0)
        if name == "margin":
            largest = np.sort(mean, axis=0)[-2:]
            return 1 - (largest[1] - largest[0])
        if name == "spread_published":
            return 2 * np.sqrt(np.maximum(self._squares / self.count - mean**2, 0)).mean(0)
        if mask is None:
            raise UserError("weak_label_loss: found no mask, expected labels to hold the network against")
        known = mask != IGNORE
        chosen = np.take_along_axis(mean, np.where(known, mask, 0)[None].astype(np.int64), axis=0)[0]
        return np.where(known, -np.log(np.maximum(chosen, _TINY)), np.nan)


def check(name: str, draws: int) -> None:
    """Refuse what cannot be scored.

    Raises:
        UserError: an unknown acquisition, or one draw where several are compared.
    """
    if name not in PIXEL_SCORES:
        raise UserError(f"acquisition: found {name!r}, expected one of {', '.join(ACQUISITIONS)}")
    if name in NEED_DRAWS and draws < 2:
        raise UserError(f"acquisition={name} compares draws: found {draws}, expected at least 2")


def entropy(probabilities: np.ndarray, axis: int = 0) -> np.ndarray:
    """-sum p ln p along an axis, in nats."""
    total: np.ndarray = -(probabilities * np.log(np.maximum(probabilities, _TINY))).sum(axis)
    return np.maximum(total, 0)


def window_score(pixels: np.ndarray, valid: np.ndarray) -> float | None:
    """The mean over the pixels that are valid and have a score; None where there are none."""
    counted = valid & np.isfinite(pixels)
    return float(pixels[counted].mean()) if counted.any() else None


def random_scores(ids: Sequence[str], seed: int, round: int) -> list[float]:
    """Of each window a number in [0, 1) that depends on its id, the seed and the round alone, not on the other windows."""
    return [float(np.random.default_rng([seed, round, *id.encode()]).random()) for id in ids]

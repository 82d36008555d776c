"""Mean, spread and percentiles of bands, gathered piece by piece in memory that does not grow."""

import numpy as np


class BandMoments:
    """Of bands of digital numbers.

    Args:
        bands: how many.
        low, high: percentiles tell whole numbers of this range apart; what lies outside counts as its nearest end.

    Attributes:
        count: pixels.
        mean: (C,) float64.
    """

    def __init__(self, bands: int, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.count = 0
        self.mean = np.zeros(bands)
        self._squares = np.zeros(bands)  # sums of squared distances from the mean
        self._histogram = np.zeros((bands, high - low + 1), np.int64)

    def add(self, pixels: np.ndarray) -> None:
        """Take (C, N) numbers into account."""
        if pixels.shape[1] == 0:
            return
        numbers = pixels.astype(np.float64)
        mean = numbers.mean(1)
        self._combine(pixels.shape[1], mean, ((numbers - mean[:, None]) ** 2).sum(1))
        places = np.clip(np.rint(numbers), self.low, self.high).astype(np.int64) - self.low
        for band, row in enumerate(places):
            self._histogram[band] += np.bincount(row, minlength=self._histogram.shape[1])

    def merge(self, other: "BandMoments") -> None:
        """Take what another one has gathered into account."""
        if other.count:
            self._combine(other.count, other.mean, other._squares)
            self._histogram += other._histogram

    def std(self) -> np.ndarray:
        """Standard deviations, (C,) float64."""
        return np.sqrt(self._squares / max(self.count, 1))

    def percentile(self, percent: float) -> np.ndarray:
        """The smallest whole numbers that at least so many percent of the pixels do not exceed, (C,) int64."""
        rank = max(int(np.ceil(self.count * percent / 100 - 1e-9)), 1)
        return (self._histogram.cumsum(1) >= rank).argmax(1) + self.low

    def _combine(self, count: int, mean: np.ndarray, squares: np.ndarray) -> None:
        # Chan, Golub, LeVeque: Algorithms for computing the sample variance (1983).
        total = self.count + count
        distance = mean - self.mean
        self.mean = self.mean + distance * (count / total)
        self._squares = self._squares + squares + distance**2 * (self.count * count / total)
        self.count = total

"""Pixels of a scene as time series, the samples of the reference classifier."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

BACKGROUND = 255  # the mask's value of pixels without class

# A scene's name, frames (T, H, W, C) in the units of the value range, and mask (H, W) of classes from 0.
CleanScene = tuple[str, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class PixelSample:
    """Pixels drawn from some scenes.

    Attributes:
        features: `(N, T * C)` float32, see `pixel_series`.
        labels: `(N,)` int64.
        num_frames, num_bands: T and C.
        scenes: names of the scenes that they come from.
        left_out: names of scenes with another number of frames or bands than the first.
    """

    features: np.ndarray
    labels: np.ndarray
    num_frames: int
    num_bands: int
    scenes: tuple[str, ...]
    left_out: tuple[str, ...]


def pixel_series(frames: np.ndarray, chosen: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """The series of some pixels, brought from `value_range` to [-1, 1].

    Args:
        frames: `(T, C, H, W)`.
        chosen: `(H, W)` bool: N pixels.
        value_range: what becomes [-1, 1]; nothing is clipped.

    Returns:
        `(N, T * C)` float32: all bands of the first frame, then of the second, and so on.
    """
    middle, half = sum(value_range) / 2, (value_range[1] - value_range[0]) / 2
    values = np.stack([frame[:, chosen] for frame in frames])
    series = values.reshape(-1, values.shape[-1]).T.astype(np.float32)
    series -= np.float32(middle)
    series /= np.float32(half)
    return series


def sample_pixels(
    scenes: Iterable[CleanScene], max_pixels: int, seed: int, value_range: tuple[float, float]
) -> PixelSample | None:
    """Draw at most `max_pixels` pixels evenly from all scenes, holding no more than one scene and the sample.

    Every pixel gets a random key of a seeded stream, and those with the smallest keys stay: the head of a shuffle of
    all pixels. Pixels of the background, or without data in some frame, are not drawn.

    Returns:
        The sample, ordered by key; None where there are no scenes.
    """
    rng = np.random.default_rng(seed)
    sample: _Smallest | None = None
    shape = (0, 0)
    read: list[str] = []
    left_out: list[str] = []
    for name, frames, mask in scenes:
        found = (frames.shape[0], frames.shape[-1])
        if sample is None:
            shape, sample = found, _Smallest(max_pixels, found[0] * found[1])
        if found != shape:
            left_out.append(name)
            continue
        read.append(name)
        keys = rng.random(mask.shape)
        # Only pixels that may stay are copied.
        usable = (mask != BACKGROUND) & (keys < sample.largest_key) & np.isfinite(frames).all(axis=(0, -1))
        series = pixel_series(frames.transpose(0, 3, 1, 2), usable, value_range)
        sample.add(keys[usable], series, mask[usable])
    if sample is None:
        return None
    features, labels = sample.by_key()
    return PixelSample(features, labels, *shape, tuple(read), tuple(left_out))


class _Smallest:
    """The samples with the smallest keys so far."""

    def __init__(self, size: int, num_features: int) -> None:
        self.count = 0
        self.keys = np.empty(size)
        self.features = np.empty((size, num_features), np.float32)
        self.labels = np.empty(size, np.int64)

    @property
    def largest_key(self) -> float:
        """No sample with a larger key has a chance."""
        return float(self.keys.max()) if self.count == len(self.keys) else np.inf

    def add(self, keys: np.ndarray, features: np.ndarray, labels: np.ndarray) -> None:
        """Add some; where there is no room, the largest keys go."""
        first = min(len(self.keys) - self.count, len(keys))
        self._put(np.arange(self.count, self.count + first), slice(first), keys, features, labels)
        self.count += first
        rest = len(keys) - first
        if rest == 0:
            return
        everything = np.concatenate([self.keys, keys[first:]])
        stays = np.zeros(len(everything), dtype=bool)
        stays[np.argpartition(everything, len(self.keys) - 1)[: len(self.keys)]] = True
        free = np.flatnonzero(~stays[: len(self.keys)])
        come = first + np.flatnonzero(stays[len(self.keys) :])
        self._put(free, come, keys, features, labels)

    def _put(
        self,
        where: np.ndarray,
        which: slice | np.ndarray,
        keys: np.ndarray,
        features: np.ndarray,
        labels: np.ndarray,
    ) -> None:
        self.keys[where], self.labels[where] = keys[which], labels[which]
        self.features[where] = features[which]

    def by_key(self) -> tuple[np.ndarray, np.ndarray]:
        """Features and labels in the order of the keys."""
        order = np.argsort(self.keys[: self.count])
        return self.features[order], self.labels[order]

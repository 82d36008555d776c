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
    keys, features, labels = np.empty(0), None, np.empty(0, np.int64)
    shape: tuple[int, int] | None = None
    read: list[str] = []
    left_out: list[str] = []
    for name, frames, mask in scenes:
        found = (frames.shape[0], frames.shape[-1])
        if shape is None:
            shape, features = found, np.empty((0, found[0] * found[1]), np.float32)
        if found != shape:
            left_out.append(name)
            continue
        read.append(name)
        usable = (mask != BACKGROUND) & np.isfinite(frames).all(axis=(0, -1))
        drawn = rng.random(mask.shape)
        # Only pixels that may stay are copied.
        if len(keys) == max_pixels:
            usable &= drawn < keys[-1]
        new = pixel_series(frames.transpose(0, 3, 1, 2), usable, value_range)
        keys = np.concatenate([keys, drawn[usable]])
        order = np.argsort(keys)[:max_pixels]
        assert features is not None
        keys, features = keys[order], np.concatenate([features, new])[order]
        labels = np.concatenate([labels, mask[usable].astype(np.int64)])[order]
    if shape is None or features is None:
        return None
    return PixelSample(features, labels, *shape, tuple(read), tuple(left_out))

"""Fractal noise: random fields whose spectrum falls off with a power of the frequency."""

from collections.abc import Sequence

import numpy as np
from scipy import fft


def power_law_noise(
    rng: np.random.Generator, rows: int, columns: int, exponent: float, flat_below: float = 0.0
) -> np.ndarray:
    """A periodic Gaussian field (rows, columns) float32 of mean 0, in no particular unit.

    Args:
        rng: source of the draw.
        rows, columns: size, points.
        exponent: amplitudes fall off as frequency to the power of -exponent.
        flat_below: frequency, cycles per point, below which amplitudes grow no more.
    """
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns))
    frequency[0, 0] = 1
    amplitude = np.maximum(frequency, flat_below) ** -exponent
    amplitude[0, 0] = 0  # the mean
    shape = (2, *amplitude.shape)
    noise = rng.standard_normal(shape, dtype=np.float32) * amplitude.astype(np.float32)
    return fft.irfft2(noise[0] + 1j * noise[1], s=(rows, columns))


def unit_range(field: np.ndarray, windows: Sequence[tuple[slice, slice]]) -> np.ndarray:
    """A field stretched so that what is seen reaches from 0 to 1.

    Args:
        field: (rows, columns) float32.
        windows: the parts that are seen one at a time; the mean of their least values becomes 0, that of their greatest
            1, and what lies beyond is cut.
    """
    parts = [field[window] for window in windows]
    low = np.mean([part.min() for part in parts], dtype=field.dtype)
    high = np.mean([part.max() for part in parts], dtype=field.dtype)
    return np.clip((field - low) / max(high - low, np.finfo(field.dtype).tiny), 0, 1)

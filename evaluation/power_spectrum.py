"""How much of an image's variation is coarse and how much is fine."""

import numpy as np

_LOWEST = 1e-12  # of a power whose logarithm is taken


def radial_spectrum(patches: np.ndarray) -> np.ndarray:
    """Power of square patches by spatial frequency, averaged over directions and bands.

    Args:
        patches: (N, C, n, n) float, n at least 4.

    Returns:
        (N, n // 2) float64: rings around the frequencies 1/n, 2/n, ... to 1/2 cycles for a pixel, which
        `frequencies(n)` tells. Means are taken off and edges faded out (Hann) before the transform.
    """
    side = patches.shape[-1]
    fade = np.hanning(side + 1)[:-1]
    values = np.asarray(patches, np.float64)
    values = values - values.mean(axis=(2, 3), keepdims=True)
    power = np.abs(np.fft.fft2(values * np.multiply.outer(fade, fade))) ** 2
    power = power.mean(axis=1) / (side * side * np.mean(fade**2) ** 2)
    steps = np.fft.fftfreq(side, 1 / side)
    ring = np.rint(np.hypot(steps[:, None], steps[None])).astype(int).ravel()
    rings = side // 2
    counts = np.bincount(ring, minlength=rings + 1)[1 : rings + 1]
    sums = np.stack([np.bincount(ring, plane.ravel(), rings + 1)[1 : rings + 1] for plane in power])
    return np.asarray(sums / counts)


def frequencies(side: int) -> np.ndarray:
    """Middle of each ring of `radial_spectrum`, cycles for a pixel."""
    return np.arange(1, side // 2 + 1) / side


def spectral_distance(found: np.ndarray, expected: np.ndarray) -> float:
    """Root mean square of the difference of two spectra in decibels, every ring alike: 0 for equal ones."""
    difference = 10 * np.log10(np.maximum(found, _LOWEST) / np.maximum(expected, _LOWEST))
    return float(np.sqrt(np.mean(difference**2)))

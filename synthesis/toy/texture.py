"""Gaussian-process texture with the kernel exp(-d^2 / (2 l^2)) along rows and columns."""

import math

import numpy as np
from scipy.sparse import csr_matrix

# The kernel's square root is a Gaussian of width s = l / sqrt(2). White noise on a lattice of spacing
# s / OVERSAMPLING, smeared by it, has the kernel up to 2 exp(-(pi * OVERSAMPLING)^2) = 4e-7.
OVERSAMPLING = 1.25
REACH = 4.75  # widths s after which the Gaussian is cut: below 2e-5 of its peak
SHORT_REACH_PX = 12  # where the square root of a short kernel is cut


class SmoothTexture:
    """Draws fields at a cost linear in pixels, whatever the length scale.

    A field is `A_h @ noise @ A_w.T` with white noise on a coarse lattice and sparse factors A that have
    about 17 entries a row. Every pixel has unit variance.

    Args:
        max_length: longest side of a field, pixels.
        length_scale_px: l of the kernel, pixels, above 0.
    """

    def __init__(self, max_length: int, length_scale_px: float) -> None:
        self._factor, self._columns = _factor(max_length, length_scale_px)

    def fields(self, rng: np.random.Generator, bands: int, height: int, width: int) -> np.ndarray:
        """Independent fields, (bands, width, height) float32, zero mean and unit variance."""
        down, across = self._side(height), self._side(width)
        noise = rng.standard_normal((across.shape[1], bands * down.shape[1]), dtype=np.float32)
        partly = (across @ noise).reshape(width * bands, down.shape[1])
        smooth = (down @ np.ascontiguousarray(partly.T)).reshape(height, width, bands)
        return smooth.transpose(2, 1, 0)

    def _side(self, length: int) -> csr_matrix:
        # Leading rows need only leading lattice points: one factor serves all cells.
        return self._factor[:length, : self._columns[length - 1]]


class PublishedTexture:
    """Draws fields as the published imagery does: Cholesky factors and numpy's legacy generator.

    Args:
        max_length: longest side of a field, pixels.
        length_scale_px: l of the kernel, pixels.
    """

    def __init__(self, max_length: int, length_scale_px: float) -> None:
        steps = np.arange(max_length)
        covariance = np.exp(-((steps[:, None] - steps) ** 2) / (2 * length_scale_px**2))
        self._factor = _cholesky(covariance)

    def fields(self, rng: np.random.RandomState, bands: int, height: int, width: int) -> np.ndarray:
        """Independent fields, (bands, width, height) float64."""
        noise = rng.randn(bands, width, height)
        return self._factor[:width, :width] @ noise @ self._factor[:height, :height].T


def arrange(fields: np.ndarray, texture: str) -> np.ndarray:
    """Put fields (bands, width, height) into an image (height, width, bands).

    `smooth` puts every value where it belongs. `legacy_interleaved` repeats a mistake of the published
    imagery: the fields, ordered (width, height, bands), are read as if ordered (bands, height, width), which
    interleaves the bands along rows and leaves no correlation along columns.
    """
    bands, width, height = fields.shape
    if texture == "smooth":
        return fields.transpose(2, 1, 0)
    flat = np.ascontiguousarray(fields.transpose(1, 2, 0)).reshape(bands, height, width)
    return flat.transpose(1, 2, 0)


def _factor(length: int, length_scale_px: float) -> tuple[csr_matrix, np.ndarray]:
    """Sparse (length, lattice points) factor with rows of norm 1, and the lattice points each row needs."""
    width = length_scale_px / math.sqrt(2)
    spacing = width / OVERSAMPLING
    if spacing >= 1:
        reach = math.ceil(REACH * OVERSAMPLING)
        nearest = np.rint(np.arange(length) / spacing).astype(int)
        taps = nearest[:, None] + np.arange(-reach, reach + 1)
        weights = np.exp(-0.5 * ((np.arange(length)[:, None] - taps * spacing) / width) ** 2)
    else:
        reach = SHORT_REACH_PX
        taps = np.arange(length)[:, None] + np.arange(-reach, reach + 1)
        weights = np.tile(_short_root(length_scale_px, reach), (length, 1))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    taps += reach
    starts = np.arange(length + 1) * taps.shape[1]
    shape = (length, int(taps[-1, -1]) + 1)
    factor = csr_matrix((weights.astype(np.float32).ravel(), taps.ravel(), starts), shape=shape)
    return factor, taps[:, -1] + 1


def _short_root(length_scale_px: float, reach: int) -> np.ndarray:
    """Symmetric filter whose autocorrelation is the kernel at whole pixels: the root of its spectrum."""
    steps = np.fft.fftfreq(256, 1 / 256)
    spectrum = np.fft.fft(np.exp(-(steps**2) / (2 * length_scale_px**2))).real
    root = np.fft.ifft(np.sqrt(np.clip(spectrum, 0, None))).real
    return np.roll(root, reach)[: 2 * reach + 1]


def _cholesky(covariance: np.ndarray) -> np.ndarray:
    # Length scales of 3 px and more are numerically singular: add the least that helps. Shorter ones get
    # nothing, as published.
    for jitter in (0.0, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8):
        try:
            return np.linalg.cholesky(covariance + jitter * np.eye(len(covariance)))
        except np.linalg.LinAlgError:
            continue
    raise np.linalg.LinAlgError("the covariance of the texture is not positive")

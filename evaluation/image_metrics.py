"""Distortion between two images in digital numbers, pixels without data left out."""

import math

import numpy as np
from scipy.ndimage import correlate1d

# Wang, Simoncelli, Bovik: "Multi-scale structural similarity for image quality assessment", Asilomar 2003,
# table 1, and the window and constants of Wang et al., "Image quality assessment", TIP 2004.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW_SIZE = 11
WINDOW_SIGMA = 1.5
K1, K2 = 0.01, 0.03


def mse(reference: np.ndarray, test: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Mean squared error over all bands of the valid pixels, in squared digital numbers.

    Args:
        reference: `(C, H, W)`, any real type.
        test: `(C, H, W)`.
        valid: `(H, W)` bool, True where there is data; None means everywhere.

    Raises:
        ValueError: shapes differ, or no pixel is valid.
    """
    _check(reference, test, valid)
    difference = reference.astype(np.float64) - test.astype(np.float64)
    if valid is not None:
        difference = difference[:, valid]
    return float(np.mean(np.square(difference)))


def psnr_of_mse(mean_squared_error: float, data_range: float) -> float:
    """Peak signal-to-noise ratio in dB of an error in squared digital numbers; infinite for no error."""
    if mean_squared_error == 0:
        return math.inf
    return 10.0 * math.log10(data_range**2 / mean_squared_error)


def psnr(
    reference: np.ndarray, test: np.ndarray, data_range: float, valid: np.ndarray | None = None
) -> float:
    """Peak signal-to-noise ratio in dB over all bands of the valid pixels; infinite where nothing differs.

    Args: as for `mse`; `data_range` is the peak in digital numbers, e.g. 255.
    """
    return psnr_of_mse(mse(reference, test, valid), data_range)


def ms_ssim_scales(height: int, width: int) -> int:
    """How many of the five scales of MS-SSIM fit an image: 5 from 176 px up, 0 below 11 px.

    At every scale the 11 px window must fit inside the image. (`pytorch_msssim` asks for 161 px, with which
    the coarsest scale is 10 px rounded up by padding; without padding it takes 176.)
    """
    side, scales = min(height, width), 0
    while scales < len(SCALE_WEIGHTS) and side >= WINDOW_SIZE:
        scales += 1
        side //= 2
    return scales


def ms_ssim(
    reference: np.ndarray, test: np.ndarray, data_range: float, valid: np.ndarray | None = None
) -> tuple[float, int] | None:
    """Multi-scale structural similarity, mean over the bands, and the number of scales it was taken over.

    Images that are too small for five scales get as many as fit, with the published weights divided by their
    sum. Only windows that lie wholly on valid pixels count. Equal to `pytorch_msssim.ms_ssim` where five
    scales fit and every scale has even sides (there the library pads odd sides with zeros; here the last
    row or column is dropped).

    Args: as for `psnr`.

    Returns:
        `(value, scales)`, or None where not even one window lies on valid pixels.
    """
    _check(reference, test, valid)
    scales = ms_ssim_scales(*reference.shape[-2:])
    x, y = reference.astype(np.float64), test.astype(np.float64)
    mask = np.ones(x.shape[-2:], dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
    if not mask.all():
        # Values off the mask can be anything, NaN included; they must not leak through the filter.
        x, y = np.where(mask, x, 0.0), np.where(mask, y, 0.0)
    terms: list[np.ndarray] = []
    luminance = np.ones(x.shape[0])
    for scale in range(scales):
        if scale:
            x, y, mask = _halve(x), _halve(y), _halve_mask(mask)
        windows = valid_windows(mask, WINDOW_SIZE)
        if not windows.any():
            break
        similarity, contrast = _ssim(x, y, data_range, windows)
        luminance = similarity
        terms.append(contrast)
    if not terms:
        return None
    weights = np.array(SCALE_WEIGHTS[: len(terms)])
    weights /= weights.sum()
    # Contrast and structure at every scale, luminance at the coarsest alone (eq. 7 of the paper).
    factors = np.maximum(np.stack([*terms[:-1], luminance]), 0.0)
    per_band = np.prod(factors ** weights[:, None], axis=0)
    return float(per_band.mean()), len(terms)


def spectral_angle(reference: np.ndarray, test: np.ndarray, valid: np.ndarray | None = None) -> float | None:
    """Mean angle in degrees between the spectra of the two images, pixel by pixel.

    Returns:
        Degrees in [0, 180], or None for one band or where no pixel has a spectrum; see `spectral_angle_sum`.
    """
    total, count = spectral_angle_sum(reference, test, valid)
    return total / count if count else None


def spectral_angle_sum(
    reference: np.ndarray, test: np.ndarray, valid: np.ndarray | None = None
) -> tuple[float, int]:
    """Sum of the angles in degrees between the spectra of the two images, and how many they are.

    Kruse et al., "The spectral image processing system (SIPS)", RSE 1993. Pixels whose reference is zero in
    all bands have no spectrum and are left out; a test spectrum of zeros is 90 degrees off. Two float32 images are
    measured in float32. One band has no spectra.
    """
    _check(reference, test, valid)
    if reference.shape[0] < 2:
        return 0.0, 0
    kind = _kind(reference, test)
    x, y = reference.astype(kind, copy=False), test.astype(kind, copy=False)
    if valid is not None and not valid.all():
        x, y = x[:, valid], y[:, valid]
    x_norm, y_norm = (np.sqrt(np.square(z).sum(axis=0)) for z in (x, y))
    # atan2 of the half angle keeps its precision near zero, where arccos of a rounded 1 does not.
    p, q = x * y_norm, y * x_norm
    difference, total = (np.sqrt(np.square(z).sum(axis=0)) for z in (p - q, p + q))
    angle = 2.0 * np.arctan2(difference, total)
    angle[y_norm == 0] = np.pi / 2
    angle = angle[x_norm > 0]
    return float(np.degrees(angle.sum(dtype=np.float64))), int(angle.size)


def mae(reference: np.ndarray, test: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Mean absolute error over all bands of the valid pixels, in digital numbers; see `mse`."""
    _check(reference, test, valid)
    difference = np.abs(reference.astype(np.float64) - test.astype(np.float64))
    return float(np.mean(difference if valid is None else difference[:, valid]))


def ssim(
    reference: np.ndarray, test: np.ndarray, data_range: float, valid: np.ndarray | None = None
) -> float | None:
    """Structural similarity at one scale, mean over the bands (Wang et al., TIP 2004; 11 px Gaussian window).

    Only windows that lie wholly on valid pixels count. Two float32 images are measured in float32.

    Args: as for `psnr`.

    Returns:
        The value, or None where not even one window lies on valid pixels.
    """
    _check(reference, test, valid)
    kind = _kind(reference, test)
    x, y = reference.astype(kind, copy=False), test.astype(kind, copy=False)
    mask = np.ones(x.shape[-2:], dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
    if min(mask.shape) < WINDOW_SIZE:
        return None
    if not mask.all():
        x, y = (np.where(mask, image, kind(0)) for image in (x, y))
    windows = valid_windows(mask, WINDOW_SIZE)
    return float(_ssim(x, y, data_range, windows)[0].mean()) if windows.any() else None


def ergas(
    reference: np.ndarray, test: np.ndarray, ratio: float = 1.0, valid: np.ndarray | None = None
) -> float | None:
    """Relative dimensionless global error in synthesis, lower is better.

    `100 / ratio * sqrt(mean over bands of (RMSE of the band / mean of the reference's band)^2)`; Wald,
    "Quality of high resolution synthesised images: is there a simple criterion?", 2000.

    Args:
        reference, test, valid: as for `mse`.
        ratio: pixel side of the coarse input over that of the images; 1 where there is no finer grid.

    Returns:
        The value, or None where the mean of a band is zero, so that nothing can be relative to it.
    """
    _check(reference, test, valid)
    x, y = reference.astype(np.float64), test.astype(np.float64)
    x, y = (z.reshape(len(z), -1) if valid is None else z[:, valid] for z in (x, y))
    largest = float(np.abs(x).max())
    return ergas_of_bands(np.square(x - y).mean(axis=1), x.mean(axis=1), ratio, x.shape[1], largest)


def ergas_of_bands(
    squared_errors: np.ndarray, means: np.ndarray, ratio: float, pixels: int = 1, largest: float = 0.0
) -> float | None:
    """ERGAS of mean squared errors and means of the reference, one for each band `(C,)`; see `ergas`.

    Args:
        squared_errors, means: over all pixels.
        ratio: as for `ergas`.
        pixels, largest: that the means were taken over, and the largest value among them: a mean of nothing but
            rounding errors is zero.
    """
    if np.any(np.abs(means) <= pixels * np.finfo(np.float64).eps * largest):
        return None
    return float(100.0 / ratio * np.sqrt((squared_errors / np.square(means)).mean()))


def _check(reference: np.ndarray, test: np.ndarray, valid: np.ndarray | None) -> None:
    if reference.shape != test.shape or reference.ndim != 3:
        raise ValueError(
            f"expected two (C, H, W) images of one shape, found {reference.shape} and {test.shape}"
        )
    if valid is not None:
        if valid.shape != reference.shape[-2:] or valid.dtype != np.bool_:
            raise ValueError(f"valid must be bool {reference.shape[-2:]}, found {valid.dtype} {valid.shape}")
        if not valid.any():
            raise ValueError("no valid pixel to measure")


def _kind(reference: np.ndarray, test: np.ndarray) -> type[np.floating]:
    return np.float32 if reference.dtype == test.dtype == np.float32 else np.float64


def _window() -> np.ndarray:
    x = np.arange(WINDOW_SIZE) - WINDOW_SIZE // 2
    window = np.exp(-(x**2) / (2.0 * WINDOW_SIGMA**2))
    return window / window.sum()


def _filter(image: np.ndarray) -> np.ndarray:
    """Gaussian mean over the 11 x 11 windows that lie inside: `(C, H, W)` -> `(C, H - 10, W - 10)`."""
    window, half = _window(), WINDOW_SIZE // 2
    rows = correlate1d(image, window, axis=-2, mode="constant")[..., half : image.shape[-2] - half, :]
    return correlate1d(rows, window, axis=-1, mode="constant")[..., half : image.shape[-1] - half]


def valid_windows(mask: np.ndarray, size: int) -> np.ndarray:
    """Which windows of `size` x `size` pixels hold valid pixels alone: `(H, W)` -> `(H - size + 1, W - size + 1)`."""
    if mask.all():
        return np.ones((mask.shape[0] - size + 1, mask.shape[1] - size + 1), dtype=bool)
    sums = np.pad(np.cumsum(np.cumsum(mask, axis=0), axis=1), ((1, 0), (1, 0)))
    counts: np.ndarray = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    full: np.ndarray = np.asarray(counts == size * size)
    return full


def _ssim(
    x: np.ndarray, y: np.ndarray, data_range: float, windows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """SSIM and its contrast-structure part of each band `(C,)`, mean over the windows marked True."""
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean_x, mean_y = _filter(x), _filter(y)
    variance_x = _filter(x * x) - mean_x**2
    variance_y = _filter(y * y) - mean_y**2
    covariance = _filter(x * y) - mean_x * mean_y
    contrast = (2.0 * covariance + c2) / (variance_x + variance_y + c2)
    similarity = contrast * (2.0 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return similarity[:, windows].mean(axis=1), contrast[:, windows].mean(axis=1)


def _halve(image: np.ndarray) -> np.ndarray:
    bands, height, width = image.shape
    blocks = image[:, : height // 2 * 2, : width // 2 * 2].reshape(bands, height // 2, 2, width // 2, 2)
    return np.asarray(blocks.mean(axis=(2, 4)))


def _halve_mask(mask: np.ndarray) -> np.ndarray:
    height, width = mask.shape
    blocks = mask[: height // 2 * 2, : width // 2 * 2].reshape(height // 2, 2, width // 2, 2)
    return np.asarray(blocks.all(axis=(1, 3)))

"""The scores of the published toy experiments as their code computes them, mistakes included.

Only for comparison with the published table (Toy Virtual Dataset for Remote Sensing Imagery Problems Evaluation,
2020): values below the middle of the declared range are thrown away, and the brightest value of each pair of
bands decides what an error weighs. `docs/scoreboard.md` says what that does to the figures.
"""

import math
from collections.abc import Iterator

import numpy as np
from scipy.ndimage import uniform_filter

from evaluation.image_metrics import valid_windows

WINDOW_SIZE = 7  # uniform, as scikit-image has it by default
K1, K2 = 0.01, 0.03
SSIM_DATA_RANGE = 2.0  # scikit-image's default for floats, though the images were brought to [0, 1]
SMALLEST_SQUARED_NORM = float(np.finfo(np.float16).eps)
SMALLEST_MSE = 1e-10  # of images in [0, 1]: an exact band counts as 100 dB, where the original has infinity


def published_metrics(
    prediction: np.ndarray,
    target: np.ndarray,
    value_range: tuple[float, float] = (0.0, 1.0),
    valid: np.ndarray | None = None,
) -> dict[str, float | None]:
    """The published scores of one frame.

    Args:
        prediction, target: `(C, H, W)` in the units of `value_range`.
        value_range: what becomes [-1, 1].
        valid: `(H, W)` bool, pixels that count (the original knows no missing ones); None = all.

    Returns:
        `mae`, `mse` on the scale [-1, 1]; `psnr`, `ssim`: both images clamped at 0 on that scale, mean over the bands,
        each divided by the largest value of its pair; `sam`: mean angle of the clamped spectra over pi, where
        squared norms are at least float16's epsilon. `ssim` is None where no window is wholly valid.
    """
    middle, half = sum(value_range) / 2, (value_range[1] - value_range[0]) / 2
    # float32 throughout, as the original's tensors were.
    g, t = (((image - middle) / half).astype(np.float32, copy=False) for image in (prediction, target))
    mask = np.ones(t.shape[-2:], dtype=bool) if valid is None else valid
    if not mask.all():
        g, t = (np.where(mask, image, np.float32(0)) for image in (g, t))
    seen = (slice(None), mask) if not mask.all() else (slice(None),)
    difference = (g - t)[seen]
    clamped = [np.maximum(image, np.float32(0)) for image in (g, t)]
    bands = list(_scaled_to_brightest(*clamped))
    errors = [float(np.mean(np.square(a - b)[mask], dtype=np.float64)) for a, b in bands]
    similarities = [_ssim(a, b, mask) for a, b in bands]
    return {
        "mae": float(np.mean(np.abs(difference), dtype=np.float64)),
        "mse": float(np.mean(np.square(difference), dtype=np.float64)),
        "psnr": float(np.mean([-10 * math.log10(max(error, SMALLEST_MSE)) for error in errors])),
        "ssim": None if None in similarities else float(np.mean(similarities)),  # type: ignore[arg-type]
        "sam": _spectral_angle(clamped[0][seen], clamped[1][seen]),
    }


def _scaled_to_brightest(g: np.ndarray, t: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for a, b in zip(g, t, strict=True):
        brightest = max(float(a.max()), float(b.max()))
        scale = np.float32(brightest if brightest > 0 else 1.0)  # a pair that was clamped away altogether
        yield a / scale, b / scale


def _ssim(x: np.ndarray, y: np.ndarray, mask: np.ndarray) -> float | None:
    """SSIM of one band `(H, W)`, sample covariance, windows at the border left out."""
    if min(x.shape) < WINDOW_SIZE:
        return None
    windows = valid_windows(mask, WINDOW_SIZE)
    if not windows.any():
        return None
    sample = WINDOW_SIZE**2 / (WINDOW_SIZE**2 - 1)
    c1, c2 = (K1 * SSIM_DATA_RANGE) ** 2, (K2 * SSIM_DATA_RANGE) ** 2
    mean_x, mean_y = _mean(x), _mean(y)
    variances = sample * (_mean(x * x) - mean_x**2 + _mean(y * y) - mean_y**2)
    covariance = sample * (_mean(x * y) - mean_x * mean_y)
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity /= (mean_x**2 + mean_y**2 + c1) * (variances + c2)
    half = WINDOW_SIZE // 2
    inside = similarity[half : x.shape[0] - half, half : x.shape[1] - half]
    return float(np.mean(inside if windows.all() else inside[windows], dtype=np.float64))


def _mean(image: np.ndarray) -> np.ndarray:
    return np.asarray(uniform_filter(image, WINDOW_SIZE))


def _spectral_angle(x: np.ndarray, y: np.ndarray) -> float:
    squared = [np.maximum(np.square(z).sum(axis=0), SMALLEST_SQUARED_NORM) for z in (x, y)]
    cosine = (x * y).sum(axis=0) / np.sqrt(squared[0] * squared[1])
    return float(np.mean(np.arccos(np.clip(cosine, -1, 1)), dtype=np.float64) / np.pi)

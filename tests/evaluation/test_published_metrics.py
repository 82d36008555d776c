"""The published metrics: against windows taken one by one, and on a frame that the original software wrote."""

import math
from pathlib import Path

import h5py
import numpy as np
import pytest

from evaluation.published_metrics import published_metrics


def _pair(side: int = 24) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    target = rng.normal(0.5, 0.35, (3, side, side)).astype(np.float32)
    return (0.6 * target + 0.35 + rng.normal(0, 0.1, target.shape)).astype(np.float32), target


def _window_by_window(x: np.ndarray, y: np.ndarray) -> float:
    """Scikit-image's defaults for floats: 7 x 7 uniform windows inside the image, sample covariance, range 2."""
    values = []
    for row in range(x.shape[0] - 6):
        for column in range(x.shape[1] - 6):
            a, b = (z[row : row + 7, column : column + 7].ravel().astype(np.float64) for z in (x, y))
            (vx, c), (_, vy) = np.cov(a, b)
            c1, c2 = 0.02**2, 0.06**2
            luminance = (2 * a.mean() * b.mean() + c1) / (a.mean() ** 2 + b.mean() ** 2 + c1)
            values.append(luminance * (2 * c + c2) / (vx + vy + c2))
    return float(np.mean(values))


def test_each_score_by_its_definition() -> None:
    prediction, target = _pair()
    found = published_metrics(prediction, target)
    g, t = 2 * prediction.astype(np.float64) - 1, 2 * target.astype(np.float64) - 1
    assert found["mae"] == pytest.approx(np.abs(g - t).mean(), rel=1e-5)
    assert found["mse"] == pytest.approx(np.square(g - t).mean(), rel=1e-5)
    g, t = np.maximum(g, 0), np.maximum(t, 0)
    brightest = [max(a.max(), b.max()) for a, b in zip(g, t, strict=True)]
    bands = [(a / m, b / m) for a, b, m in zip(g, t, brightest, strict=True)]
    psnr = np.mean([-10 * math.log10(np.square(a - b).mean()) for a, b in bands])
    assert found["psnr"] == pytest.approx(psnr, abs=1e-4)
    assert found["ssim"] == pytest.approx(np.mean([_window_by_window(a, b) for a, b in bands]), abs=1e-5)
    floor = np.finfo(np.float16).eps
    norms = [np.maximum((z * z).sum(0), floor) for z in (g, t)]
    angle = np.arccos(np.clip((g * t).sum(0) / np.sqrt(norms[0] * norms[1]), -1, 1)) / np.pi
    assert found["sam"] == pytest.approx(angle.mean(), abs=1e-4)


def test_half_of_the_values_do_not_count() -> None:
    dark = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 16, 16)).astype(np.float32)
    found = published_metrics(dark - 1, dark)
    assert found["mae"] == pytest.approx(2.0, abs=1e-5)  # the error is there
    assert (found["psnr"], found["ssim"]) == (100.0, pytest.approx(1.0))  # and nobody sees it
    assert found["sam"] == pytest.approx(0.5)  # two spectra of nothing are at right angles


def test_pixels_without_data_and_other_ranges() -> None:
    prediction, target = _pair()
    valid = np.ones(target.shape[1:], bool)
    valid[:5] = False
    holed = np.where(valid, target, np.nan)
    with_holes = published_metrics(prediction, holed, valid=valid)
    without = published_metrics(prediction[:, 5:], target[:, 5:])
    assert with_holes == {name: pytest.approx(value, abs=1e-6) for name, value in without.items()}
    scaled = published_metrics(prediction * 100 + 7, target * 100 + 7, value_range=(7.0, 107.0))
    assert scaled["psnr"] == pytest.approx(published_metrics(prediction, target)["psnr"], abs=1e-3)
    assert published_metrics(prediction[:, :6], target[:, :6])["ssim"] is None


def test_a_frame_of_the_original_software(real_data: Path) -> None:
    """Frame 5 of seed 1, clouds against clean: computed from the files with float64 and windows of scikit-image."""
    folder = real_data.parent / "specs" / "reference" / "toy_example"
    if not folder.is_dir():
        pytest.skip("no product of the original software here")
    clean, clouded = (
        h5py.File(folder / f"{name}_optical" / "frames" / "frame_5.h5")["data"][()]
        .transpose(2, 0, 1)
        .astype(np.float32)
        for name in ("clean", "clouded")
    )
    assert published_metrics(clouded, clean) == {
        "mae": pytest.approx(0.56006, abs=1e-5),
        "mse": pytest.approx(0.51094, abs=1e-5),
        "psnr": pytest.approx(9.56538, abs=1e-4),
        "ssim": pytest.approx(0.50362, abs=1e-5),
        "sam": pytest.approx(0.20817, abs=1e-5),
    }
    perfect = published_metrics(clean + np.float32(1e-6), clean)
    assert perfect["sam"] == pytest.approx(0.0839, abs=1e-4)  # nothing can score better on this frame

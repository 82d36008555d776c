"""Distortion measures against closed forms and against `pytorch_msssim` and `torchmetrics`."""

import numpy as np
import pytest
import torch
from pytorch_msssim import ms_ssim as library_ms_ssim
from pytorch_msssim import ssim as library_ssim
from torchmetrics.functional.image import (
    error_relative_global_dimensionless_synthesis,
    spectral_angle_mapper,
)

from evaluation.image_metrics import ergas, mae, ms_ssim, ms_ssim_scales, mse, psnr, spectral_angle, ssim


def _pair(bands: int, side: int, noise: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    smooth = 128 + 100 * np.sin(np.arange(side) / 7)[:, None] * np.cos(np.arange(side) / 11)
    image = np.stack([np.roll(smooth, 5 * band, 0) for band in range(bands)])
    noisy = image + rng.normal(0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def test_psnr_of_a_known_error() -> None:
    reference = np.zeros((3, 4, 4), np.uint16)
    assert psnr(reference, reference + 10, data_range=1000) == pytest.approx(40.0)
    assert psnr(reference, reference, data_range=1000) == np.inf


def test_unsigned_pixels_do_not_wrap_around() -> None:
    assert mse(np.full((1, 2, 2), 0, np.uint8), np.full((1, 2, 2), 255, np.uint8)) == 255**2


def test_pixels_without_data_do_not_count() -> None:
    reference, test = np.zeros((2, 4, 4), np.float32), np.ones((2, 4, 4), np.float32)
    valid = np.zeros((4, 4), bool)
    valid[0, 0] = True
    test[:, 1:] = np.nan
    assert mse(reference, test, valid) == 1.0
    with pytest.raises(ValueError, match="no valid pixel"):
        mse(reference, test, np.zeros((4, 4), bool))


@pytest.mark.parametrize("bands", [1, 4])
def test_ms_ssim_equals_the_library_where_five_scales_fit(bands: int) -> None:
    reference, test = _pair(bands, 192)
    found = ms_ssim(reference, test, 255.0)
    expected = library_ms_ssim(
        torch.from_numpy(reference)[None].double(), torch.from_numpy(test)[None].double(), data_range=255
    )
    assert found is not None and found[1] == 5
    assert found[0] == pytest.approx(float(expected), abs=1e-4)


def test_small_images_use_the_scales_that_fit() -> None:
    assert [ms_ssim_scales(side, 500) for side in (10, 11, 21, 22, 64, 128, 175, 176, 1000)] == [
        0, 1, 1, 2, 3, 4, 4, 5, 5,
    ]  # fmt: skip
    reference, test = _pair(3, 128)
    found = ms_ssim(reference, test, 255.0)
    assert found is not None and found[1] == 4 and 0.5 < found[0] < 1.0
    assert ms_ssim(reference, reference, 255.0) == (pytest.approx(1.0), 4)
    assert ms_ssim(reference[:, :10], test[:, :10], 255.0) is None


def test_ms_ssim_counts_only_windows_on_valid_pixels() -> None:
    reference, test = _pair(2, 96)
    spoiled = test.astype(np.float64)
    spoiled[:, :20] = np.nan
    valid = np.ones((96, 96), bool)
    valid[:20] = False
    found, inside = ms_ssim(reference, spoiled, 255.0, valid), ms_ssim(reference[:, 20:], test[:, 20:], 255.0)
    assert found is not None and inside is not None
    assert found[0] == pytest.approx(inside[0], abs=1e-9)


def test_spectral_angle_of_known_spectra() -> None:
    reference = np.zeros((2, 1, 3), np.float32)
    reference[0] = 1.0
    test = np.zeros_like(reference)
    test[:, 0, 0] = (7.0, 0.0)  # same direction, other length
    test[:, 0, 1] = (1.0, 1.0)  # 45 degrees
    test[:, 0, 2] = (0.0, 0.0)  # no spectrum: 90 degrees
    assert spectral_angle(reference, test) == pytest.approx(45.0)
    assert spectral_angle(reference[:1], test[:1]) is None
    assert spectral_angle(np.zeros_like(reference), test) is None
    assert spectral_angle(reference, reference) == 0.0


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_ssim_at_one_scale_equals_the_library(kind: type) -> None:
    reference, test = (image.astype(kind) / 255 for image in _pair(3, 64))
    expected = library_ssim(
        torch.from_numpy(reference)[None].double(), torch.from_numpy(test)[None].double(), data_range=1
    )
    assert ssim(reference, test, 1.0) == pytest.approx(float(expected), abs=1e-5)
    assert ssim(reference[:, :10], test[:, :10], 1.0) is None
    spoiled, valid = test.copy(), np.ones((64, 64), bool)
    spoiled[:, 50:], valid[50:] = np.nan, False
    assert ssim(reference, spoiled, 1.0, valid) == pytest.approx(
        ssim(reference[:, :50], test[:, :50], 1.0), abs=1e-6
    )


def test_spectral_angle_equals_the_library_off_black_pixels() -> None:
    reference, test = (image[:, :32, :32].astype(np.float64) + 1 for image in _pair(3, 64))
    library = spectral_angle_mapper(torch.from_numpy(test)[None], torch.from_numpy(reference)[None])
    assert spectral_angle(reference, test) == pytest.approx(np.degrees(float(library)), abs=1e-6)
    reference[:, 0, 0] = 0  # here the library gives NaN for the whole image
    assert spectral_angle(reference, test) == pytest.approx(np.degrees(float(library)), rel=0.01)


def test_ergas_equals_the_library() -> None:
    reference, test = (image.astype(np.float64) + 1 for image in _pair(3, 64))
    library = error_relative_global_dimensionless_synthesis(
        torch.from_numpy(test)[None], torch.from_numpy(reference)[None], ratio=4
    )
    assert ergas(reference, test, 4) == pytest.approx(float(library), rel=1e-9)
    assert ergas(reference, test, 1) == pytest.approx(4 * ergas(reference, test, 4))
    balanced = np.stack([np.full((8, 8), 1.0), np.tile([1.0, -1.0], (8, 4))])
    assert ergas(balanced, balanced + 1) is None  # a band without a mean


def test_mae_of_a_known_error() -> None:
    reference = np.zeros((2, 4, 4), np.uint8)
    test = reference + np.array([1, 3], np.uint8)[:, None, None]
    assert mae(reference, test) == mae(test, reference) == 2.0

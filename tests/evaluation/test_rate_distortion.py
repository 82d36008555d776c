"""Sums over a dataset."""

import numpy as np
import pytest

from evaluation.rate_distortion import LOSSLESS_PSNR, PointSum, measure


def _measure(error: int, side: int, total_bytes: int, header_bytes: int = 10):
    original = np.full((3, side, side), 100, np.uint8)
    return measure(
        original, original + np.uint8(error), data_range=255.0, valid=None, total_bytes=total_bytes,
        header_bytes=header_bytes, encode_seconds=0.2, decode_seconds=0.1, estimated_bits=8.0 * (total_bytes - 10),
    )  # fmt: skip


def test_rates_are_total_bits_over_total_pixels_and_psnr_is_a_mean() -> None:
    total = PointSum("learned", 3, 255.0, {"network": "a"})
    total.add(_measure(1, 10, 100))
    total.add(_measure(10, 20, 150))
    point = total.point()
    assert point["bits_per_pixel"] == pytest.approx(8 * 250 / 500)
    assert point["bits_per_pixel_per_band"] == pytest.approx(8 * 250 / 1500)
    assert (
        point["payload_bits_per_pixel"] == point["estimated_bits_per_pixel"] == pytest.approx(8 * 230 / 500)
    )
    assert point["psnr"] == pytest.approx(20 * np.log10(255) - 10)
    assert point["psnr_of_mean_mse"] == pytest.approx(10 * np.log10(255**2 / 50.5))
    assert point["ms_ssim_scales"] == 1 and point["images"] == 2 and point["network"] == "a"
    assert point["spectral_angle"] == pytest.approx(0, abs=1e-6)


def test_a_lossless_image_has_a_finite_psnr() -> None:
    total = PointSum("jpeg2000", 3.6, 255.0)
    total.add(_measure(0, 8, 100))
    point = total.point()
    assert point["psnr"] == LOSSLESS_PSNR and point["lossless_images"] == 1
    assert point["ms_ssim"] is None and point["ms_ssim_scales"] is None

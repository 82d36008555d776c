"""Calibration of models whose confidence is known to be right, or too high."""

import numpy as np
import pytest

from evaluation.segmentation_calibration import CalibrationSums


def _window(confidence: float, share_right: float, pixels: int = 1000) -> tuple[np.ndarray, ...]:
    prediction = np.zeros((10, pixels // 10), np.uint8)
    truth = np.ones(pixels, np.uint8)
    truth[: round(pixels * share_right)] = 0
    return np.full(prediction.shape, confidence, np.float32), prediction, truth.reshape(prediction.shape)


def test_confidence_that_is_right_has_no_error() -> None:
    sums = CalibrationSums()
    for confidence in (0.3, 0.7, 1.0):
        sums.add(*_window(confidence, confidence))
    assert sums.error() == pytest.approx(0, abs=1e-7)


def test_too_much_confidence_is_the_difference() -> None:
    sums = CalibrationSums()
    sums.add(*_window(0.9, 0.6))
    sums.add(*_window(0.5, 0.5))
    assert sums.error() == pytest.approx(0.15, abs=1e-6)
    bins = sums.section()["bins"]
    assert [each["pixels"] for each in bins] == [1000, 1000]
    assert bins[1]["mean_confidence"] == pytest.approx(0.9) and bins[1]["accuracy"] == pytest.approx(0.6)


def test_unknown_pixels_do_not_count() -> None:
    confidence, prediction, truth = _window(0.9, 0.9)
    sums = CalibrationSums()
    sums.add(confidence, prediction, np.full_like(truth, 255))
    assert sums.error() is None and sums.section() == {"bins": []}

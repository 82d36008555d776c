"""The quality index against its definition, window by window."""

import numpy as np
import pytest

from evaluation.universal_quality import quality_sum

ALL = np.ones((21, 30), bool)


def _by_definition(x: np.ndarray, y: np.ndarray, valid: np.ndarray) -> list[float]:
    found = []
    for row in range(0, x.shape[0] - 7, 4):
        for column in range(0, x.shape[1] - 7, 4):
            cut = slice(row, row + 8), slice(column, column + 8)
            if not valid[cut].all():
                continue
            a, b = x[cut].ravel(), y[cut].ravel()
            covariance = np.cov(a, b)
            numerator = 4 * covariance[0, 1] * a.mean() * b.mean()
            found.append(numerator / (np.trace(covariance) * (a.mean() ** 2 + b.mean() ** 2)))
    return found


def test_the_index_is_that_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3000, 500, ALL.shape)
    y = 0.9 * x + rng.normal(200, 300, x.shape)
    expected = _by_definition(x, y, ALL)
    total, windows = quality_sum(x, y, ALL)
    assert windows == len(expected) == 4 * 6
    assert total == pytest.approx(sum(expected), rel=1e-9)
    assert quality_sum(x, x, ALL) == (pytest.approx(24), 24)


def test_windows_that_touch_a_hole_do_not_count() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(100, 9, (2, *ALL.shape))
    valid = ALL.copy()
    valid[9, 13] = False
    expected = _by_definition(x, y, valid)
    x[9, 13], y[9, 13] = np.nan, np.inf
    total, windows = quality_sum(x, y, valid)
    assert windows == len(expected) == 20 and total == pytest.approx(sum(expected), rel=1e-9)
    assert np.isnan(quality_sum(x, y, ALL)[0])  # a prediction that is no number is not hidden


def test_flat_windows() -> None:
    flat = np.full((8, 8), 10000.1)
    everywhere = np.ones((8, 8), bool)
    assert quality_sum(flat, flat, everywhere) == (pytest.approx(1.0), 1)
    assert quality_sum(flat, 3 * flat, everywhere) == (pytest.approx(0.6), 1)
    assert quality_sum(0 * flat, 0 * flat, everywhere) == (1.0, 1)
    assert quality_sum(flat, flat + np.eye(8), everywhere) == (pytest.approx(0.0, abs=1e-9), 1)


def test_too_small_an_image_has_no_window() -> None:
    assert quality_sum(np.ones((7, 40)), np.ones((7, 40)), np.ones((7, 40), bool)) == (0.0, 0)
    assert quality_sum(np.ones((0, 0)), np.ones((0, 0)), np.ones((0, 0), bool)) == (0.0, 0)

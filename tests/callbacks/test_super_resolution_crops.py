"""Which square of a scene is shown."""

import numpy as np
import pytest

from callbacks.super_resolution_crops import most_telling

ALL = np.ones((32, 48), bool)


def test_the_square_with_the_greatest_differences_is_chosen_and_copied() -> None:
    image = np.arange(2 * 32 * 48, dtype=np.float32).reshape(2, 32, 48)
    difference = np.zeros(ALL.shape)
    difference[18:30, 34:46] = 5.0
    crop = most_telling({"model": image}, ALL, difference, 16)
    assert crop is not None and (crop.row, crop.column) == (16, 32)
    np.testing.assert_array_equal(crop.images["model"], image[:, 16:32, 32:48])
    assert crop.worth == (0.75, pytest.approx(5.0 * 144 / 256))
    image[:] = 0  # a crop is no view of its batch
    assert crop.images["model"].max() > 0


def test_holes_and_no_numbers_do_not_attract() -> None:
    difference = np.zeros(ALL.shape)
    difference[:16, :16] = 100.0
    difference[20, 40] = np.inf
    difference[20, 20:40] = 1.0
    valid = ALL.copy()
    valid[:24, :13] = False  # too little is left there
    crop = most_telling({}, valid, difference, 16)
    assert crop is not None and crop.row >= 8 and crop.column >= 16
    assert most_telling({}, ~ALL, difference, 16) is None


def test_corners_and_sides_fit_whole_coarse_pixels() -> None:
    difference = np.random.default_rng(0).random(ALL.shape)
    crop = most_telling({"x": difference[None]}, ALL, difference, 16, align=6)
    assert crop is not None and crop.row % 6 == 0 and crop.column % 6 == 0
    assert crop.valid.shape == (12, 12) and crop.images["x"].shape == (1, 12, 12)
    small = most_telling({"x": difference[None, :5]}, ALL[:5], difference[:5], 16)
    assert small is not None and small.valid.shape == (5, 16)

import numpy as np
import pytest
from scipy import ndimage

from errors import UserError
from synthesis.toy.derivation.blur import Blur
from synthesis.toy.derivation.stage import Draws

DRAWS = Draws(1, 5, "product", 1)


def test_a_point_becomes_a_gaussian() -> None:
    frame = np.zeros((31, 41, 2), np.float32)
    frame[15, 20] = 1, 3
    prepared = Blur(2.0).prepare(frame.shape, DRAWS)
    blurred = prepared.image(frame, 0)
    expected = ndimage.gaussian_filter(frame[..., 0], 2.0, truncate=4.0)
    np.testing.assert_allclose(blurred[..., 0], expected, atol=1e-6)
    np.testing.assert_allclose(blurred[..., 1], 3 * expected, atol=3e-6)
    assert prepared.shape == frame.shape


def test_constants_and_labels_stay() -> None:
    prepared = Blur(3.0).prepare((9, 7, 1), DRAWS)
    np.testing.assert_allclose(prepared.image(np.full((9, 7, 1), 0.4, np.float32), 0), 0.4, rtol=1e-6)
    labels = np.ones((9, 7, 2), np.int16)
    assert prepared.labels(labels) is labels


def test_bad_options_are_named() -> None:
    with pytest.raises(UserError, match=r"blur\.sigma_px is -1"):
        Blur(-1)

import numpy as np
import pytest
from scipy import stats

from errors import UserError
from synthesis.toy.derivation.speckle import Speckle
from synthesis.toy.derivation.stage import Draws

SHAPE = (100, 120, 2)
DRAWS = Draws(1, 7, "sar", 30)


@pytest.mark.parametrize("looks", [1, 4, 12.5])
def test_it_is_multiplicative_and_gamma_distributed(looks: float) -> None:
    frame = np.full(SHAPE, 0.6, np.float32)
    frame[:50] = -0.2
    speckled = Speckle(looks).prepare(SHAPE, DRAWS).image(frame, 0)
    noise = speckled / frame
    assert noise.mean() == pytest.approx(1, abs=4 / np.sqrt(looks * noise.size))
    assert noise.var() == pytest.approx(1 / looks, rel=0.1)
    assert stats.kstest(noise.ravel(), stats.gamma(looks, scale=1 / looks).cdf).pvalue > 0.001
    assert speckled.dtype == np.float32


def test_pixels_bands_and_frames_are_independent() -> None:
    image = Speckle(4).prepare(SHAPE, DRAWS).image
    first, second = (image(np.ones(SHAPE, np.float32), index) for index in (0, 1))
    for a, b in (
        (first[..., 0], first[..., 1]),
        (first[:-1], first[1:]),
        (first[:, :-1], first[:, 1:]),
        (first, second),
    ):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.04
    np.testing.assert_array_equal(first, image(np.ones(SHAPE, np.float32), 0))


def test_bad_options_are_named() -> None:
    with pytest.raises(UserError, match=r"speckle\.looks is 0"):
        Speckle(0)

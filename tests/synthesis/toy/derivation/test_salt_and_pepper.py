from typing import Any

import numpy as np
import pytest
from scipy import stats

from errors import UserError
from synthesis.toy.derivation.salt_and_pepper import SaltAndPepper
from synthesis.toy.derivation.stage import Draws

SHAPE = (128, 128, 3)
DRAWS = Draws(1, 6, "sar", 30)
EMPTY = np.full(SHAPE, 5, np.float32)


def noisy(index: int) -> np.ndarray:
    return SaltAndPepper((0.08, 0.15)).prepare(SHAPE, DRAWS).image(EMPTY, index)


def test_a_share_between_the_bounds_is_replaced() -> None:
    shares = np.array([(noisy(index) != 5).any(axis=-1).mean() for index in range(30)])
    assert 0.075 < shares.min() < 0.095
    assert 0.135 < shares.max() < 0.157
    assert shares.mean() == pytest.approx(0.115, abs=0.012)


def test_a_replaced_pixel_has_one_value_in_all_bands() -> None:
    frame = noisy(3)
    hit = (frame != 5).any(axis=-1)
    assert (frame[hit] == frame[hit][:, :1]).all()
    assert (EMPTY == 5).all()


def test_new_values_follow_the_beta_distribution() -> None:
    values = np.concatenate([frame[frame != 5] for frame in (noisy(index) for index in range(4))])[::3]
    assert stats.kstest(values, stats.beta(0.5, 0.5).cdf).pvalue > 0.001
    np.testing.assert_allclose(
        np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]), [0.006, 0.147, 0.5, 0.854, 0.994], atol=0.03
    )


def test_frames_differ_and_repeat() -> None:
    np.testing.assert_array_equal(noisy(2), noisy(2))
    assert not np.array_equal(noisy(2), noisy(3))


@pytest.mark.parametrize("options", [{"fraction": [0.2, 0.1]}, {"fraction": [0, 2]}, {"beta": [0, 1]}])
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"salt_and_pepper.{next(reversed(options))} is"):
        SaltAndPepper(**{"fraction": [0, 1], **options})

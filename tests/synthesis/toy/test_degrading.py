import pickle

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.degrading import degradation_of, degrade


def test_block_means() -> None:
    frame = np.random.default_rng(0).random((12, 8, 2))
    low = degrade(degradation_of("low", {"block_px": 4}), frame)
    np.testing.assert_allclose(low, frame.reshape(3, 4, 2, 4, 2).mean((1, 3)), atol=1e-6)
    assert low.dtype == np.float32


def test_it_is_the_stage_of_the_derivation_and_draws_nothing() -> None:
    options = {"size": [3, 2], "block_px": None, "point_spread_sigma_px": 1.5, "beyond_block": True}
    frame = np.random.default_rng(1).random((12, 8, 2)).astype(np.float32)
    degradation = degradation_of("low", options)
    low = degrade(degradation, frame)
    np.testing.assert_array_equal(low, degradation.prepare(frame.shape).image(frame, 7))
    np.testing.assert_array_equal(low, degrade(pickle.loads(pickle.dumps(degradation)), frame))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block": 4}, r"data\.degradation\.low: found block, expected some of size, block_px"),
        ({"block_px": -1}, r"aggregation\.block_px"),
    ],
)
def test_bad_options(options: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        degradation_of("low", options)

from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.derivation.brightness import Brightness
from synthesis.toy.derivation.stage import Draws

SHAPE = (4, 5, 3)
DRAWS = Draws(1, 2, "product", 30)


@pytest.mark.parametrize(
    ("seed", "multiply", "constants"),
    [
        (7, (0.9, 1.1), (0.9152616578747914, 0.05598375844802292)),
        (5, (0.8, 1.2), (0.8887972684358958, 0.07414646123547528)),
        (17, (0.8, 1.2), (0.917866001074844, 0.006117351121058823)),
        (4, (0.9, 1.1), (1.0934059678027355, 0.009446449835144463)),
    ],
)
def test_constants_are_the_published_ones(
    seed: int, multiply: tuple[float, float], constants: tuple[float, float]
) -> None:
    found = Brightness(multiply, (-0.1, 0.1), seed).constants(DRAWS)
    assert found == pytest.approx(constants, abs=1e-15)


def test_every_frame_gets_the_same_gain_and_offset() -> None:
    brightness = Brightness((0.5, 2), (-1, 1), seed=3)
    gain, offset = brightness.constants(DRAWS)
    prepared = brightness.prepare(SHAPE, DRAWS)
    frame = np.random.default_rng(0).random(SHAPE, dtype=np.float32)
    before = frame.copy()
    for index in (0, 9):
        np.testing.assert_allclose(prepared.image(frame, index), gain * frame + offset, rtol=1e-6)
    np.testing.assert_array_equal(frame, before)
    assert prepared.image(frame, 0).dtype == np.float32


def test_without_a_seed_every_product_has_its_own() -> None:
    brightness = Brightness((0.9, 1.1), (-0.1, 0.1))
    assert brightness.constants(DRAWS) == brightness.constants(DRAWS)
    assert brightness.constants(DRAWS) != brightness.constants(Draws(2, 2, "product", 30))


@pytest.mark.parametrize("options", [{"multiply": [1.1, 0.9]}, {"add": 3}, {"seed": -1}, {"seed": 1.5}])
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"brightness.{next(iter(options))} is"):
        Brightness(**options)

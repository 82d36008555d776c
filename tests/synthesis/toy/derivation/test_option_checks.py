from typing import Any

import pytest

from errors import UserError
from synthesis.toy.derivation.option_checks import (
    is_number,
    is_whole,
    require,
    require_pair,
    require_positive,
    require_share,
)


def test_numbers_are_no_words_and_no_bools() -> None:
    assert is_number(1) and is_number(1.5) and is_whole(2)
    assert not any(is_number(value) for value in (True, "1", None))
    assert not any(is_whole(value) for value in (True, 1.0, "1"))


def test_the_sentence_names_option_value_and_expectation() -> None:
    with pytest.raises(UserError, match=r"^blur\.sigma_px is 0: expected a number above 0$"):
        require_positive("blur.sigma_px", 0)
    require(True, "blur.sigma_px", 0, "nothing")


@pytest.mark.parametrize("value", [-0.1, 1.1, "half", None, True])
def test_shares(value: Any) -> None:
    require_share("x", 0.5)
    with pytest.raises(UserError, match="expected a number from 0 to 1"):
        require_share("x", value)


@pytest.mark.parametrize("value", [3, "ab", [1], [1, 2, 3], [0.5, 0.4], [-1, 1], [0, "b"]])
def test_pairs(value: Any) -> None:
    require_pair("x", (0.2, 0.2), 0, 1)
    require_pair("x", [1, 0], 0, 1, ascending=False)
    with pytest.raises(UserError, match="two numbers from 0 to 1, the smaller one first"):
        require_pair("x", value, 0, 1)

"""Checks of the options of stages: one sentence for a value that cannot be."""

from collections.abc import Sequence
from typing import Any

from errors import UserError


def require(holds: bool, option: str, value: Any, expected: str) -> None:
    """Raise UserError unless `holds`; `option` is `stage.key`."""
    if not holds:
        raise UserError(f"{option} is {value}: expected {expected}")


def is_number(value: Any) -> bool:
    """An int or a float, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """An int, and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def require_share(option: str, value: Any) -> None:
    """A number from 0 to 1."""
    require(is_number(value) and 0 <= value <= 1, option, value, "a number from 0 to 1")


def require_positive(option: str, value: Any) -> None:
    """A number above 0."""
    require(is_number(value) and value > 0, option, value, "a number above 0")


def require_pair(option: str, value: Any, low: float, high: float, *, ascending: bool = True) -> None:
    """Two numbers within [low, high]; an interval where they are `ascending`."""
    holds = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2
    holds = holds and all(is_number(part) and low <= part <= high for part in value)
    holds = holds and (not ascending or value[0] <= value[1])
    expected = f"two numbers from {low:g} to {high:g}" + (", the smaller one first" if ascending else "")
    require(holds, option, value, expected)

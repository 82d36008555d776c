"""Filling a budget of bytes."""

import math

from evaluation.rate_search import largest_within


def _encoder(granularity: int):
    tried = []

    def encode(quality: float) -> tuple[bytes, ...]:
        tried.append(quality)
        size = min(100 + int(10 * math.exp(quality / 8)), 5000) // granularity * granularity or granularity
        return (bytes(size // 2), bytes(size - size // 2))

    return encode, tried


def _size(files: tuple[bytes, ...]) -> int:
    return sum(map(len, files))


def test_budget_is_filled_but_not_exceeded() -> None:
    for budget in (200, 700, 3000):
        encode, tried = _encoder(1)
        files = largest_within(encode, budget, (0.0, 100.0), tolerance=0.01, resolution=0.05)
        assert 0.98 * budget <= _size(files) <= budget
        assert len(tried) < 20


def test_steps_in_size_end_the_search_below_the_budget() -> None:
    encode, _ = _encoder(150)
    files = largest_within(encode, 700, (0.0, 100.0), tolerance=0.01, resolution=0.05)
    assert _size(files) == 600


def test_budgets_out_of_reach_give_the_nearest_end() -> None:
    encode, _ = _encoder(1)
    assert _size(largest_within(encode, 20, (0.0, 100.0), 0.01, 0.05)) == 110
    assert _size(largest_within(encode, 9000, (0.0, 100.0), 0.01, 0.05)) == 5000

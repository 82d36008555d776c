"""The largest encoding within a budget of bytes, for encoders that take a target quality but no rate."""

import math
from collections.abc import Callable

Files = tuple[bytes, ...]


def largest_within(
    encode: Callable[[float], Files],
    budget: float,
    bracket: tuple[float, float],
    tolerance: float,
    resolution: float,
) -> Files:
    """Search the quality whose files are as large as possible but not larger than a budget.

    The logarithm of the size is nearly linear in a quality in dB over short brackets, so every other step
    tries where the straight line between the ends of the bracket meets the budget; the steps between halve
    the bracket, so that it always shrinks.

    Args:
        encode: files at a quality; their size grows with it.
        budget: bytes of all files together.
        bracket: lowest and highest quality.
        tolerance: a budget filled to `1 - tolerance` is full.
        resolution: width of the bracket at which the search ends.

    Returns:
        The best files found; the ones at the lowest quality where even these are larger than the budget.
    """
    low, high = bracket
    best = encode(low)
    if _size(best) >= budget * (1 - tolerance):
        return best
    largest = encode(high)
    if _size(largest) <= budget:
        return largest
    low_log, high_log = math.log(_size(best)), math.log(_size(largest))
    # Aim at the middle of what counts as full, or rounding would leave every second try just too large.
    aim = math.log(budget * (1 - tolerance / 2))
    halve = True
    while high - low > resolution:
        share = 0.5 if halve or high_log <= low_log else (aim - low_log) / (high_log - low_log)
        halve = not halve
        quality = low + (high - low) * min(max(share, 0.05), 0.95)
        files = encode(quality)
        size = _size(files)
        if size > budget:
            high, high_log = quality, math.log(size)
            continue
        low, low_log = quality, math.log(size)
        if size >= _size(best):
            best = files
        if size >= budget * (1 - tolerance):
            break
    return best


def _size(files: Files) -> int:
    return sum(map(len, files))

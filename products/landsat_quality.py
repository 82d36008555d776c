"""Quality bits of Landsat products by name. Which bit means what differs between collections: `conf/sensor/landsat8.yaml`."""

from collections.abc import Mapping, Sequence

import numpy as np

from errors import UserError

CONFIDENCE = {"low": 1, "medium": 2, "high": 3}


def quality_mask(
    stored: np.ndarray,
    bits: Mapping[str, Sequence[int]],
    names: str | Sequence[str],
    confidence: str = "high",
) -> np.ndarray:
    """Where any of the named conditions holds.

    Args:
        stored: numbers of the quality band, integers of any shape.
        bits: by condition the first and the last bit that tell of it.
        names: one condition or several, e.g. `cloud` or `["cloud", "cirrus", "fill"]`.
        confidence: conditions of two bits hold from this confidence on: `low`, `medium` or `high`.

    Returns:
        bool, in the shape of `stored`.

    Raises:
        UserError: a condition or confidence of another name.
    """
    if confidence not in CONFIDENCE:
        raise UserError(f"quality: found confidence {confidence}, expected one of {', '.join(CONFIDENCE)}")
    mask = np.zeros(stored.shape, bool)
    for name in [names] if isinstance(names, str) else names:
        if name not in bits:
            raise UserError(f"quality: found {name}, expected one of {', '.join(bits)}")
        first, last = bits[name]
        value = (stored >> first) & ((1 << (last - first + 1)) - 1)
        mask |= value >= (CONFIDENCE[confidence] if last > first else 1)
    return mask

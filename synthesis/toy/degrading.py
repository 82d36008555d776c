"""Coarse frames made of sharp ones while reading, by the stage of the derivation that draws nothing."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from errors import UserError
from synthesis.toy.derivation.aggregation import Aggregation
from synthesis.toy.derivation.stage import Prepared, Shape


def degradation_of(name: str, options: Mapping[str, Any]) -> Aggregation:
    """The aggregation with these options.

    Args:
        name: of the source that is made.
        options: those of `Aggregation`.

    Raises:
        UserError: an unknown option or an impossible value.
    """
    plain: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in options.items()
    }
    try:
        return Aggregation(**plain)
    except TypeError as error:
        known = ", ".join(Aggregation.__dataclass_fields__)
        raise UserError(
            f"data.degradation.{name}: found {', '.join(plain)}, expected some of {known}"
        ) from error


def degrade(aggregation: Aggregation, frame: np.ndarray) -> np.ndarray:
    """A frame (H, W, C) with coarser pixels; the same for the same frame."""
    return _prepared(aggregation, frame.shape).image(np.asarray(frame, np.float32), 0)


@lru_cache(maxsize=8)
def _prepared(aggregation: Aggregation, shape: Shape) -> Prepared:
    return aggregation.prepare(shape)

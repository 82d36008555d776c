"""Scores of scenes gathered by the day on which they were taken."""

from collections.abc import Mapping
from datetime import date
from statistics import fmean

from products.scene_names import key_of


def by_day(scores: Mapping[str, float | None]) -> dict[date, float]:
    """Means of the scenes of each day, in the order of the days.

    Args:
        scores: {name of a scene: its score}; names without a date and scores that are None are left out.
    """
    days: dict[date, list[float]] = {}
    for scene, value in scores.items():
        key = key_of(scene)
        if key is not None and value is not None:
            days.setdefault(key.time.date(), []).append(value)
    return {day: fmean(values) for day, values in sorted(days.items())}

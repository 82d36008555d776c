"""Which windows to ask about: those with the highest scores, unlike each other, or both."""

from collections.abc import Sequence

import numpy as np


def k_center(
    features: np.ndarray, count: int, centres: np.ndarray | None = None, first: int = 0
) -> list[int]:
    """Greedy k-center (Sener & Savarese 2018): one after the other the point that is farthest from all centres.

    The largest distance of a point to its nearest centre is at most twice the smallest possible one. Of points that are
    equally far the first is taken.

    Args:
        features: (N, D).
        count: points wanted; at most N are given.
        centres: (M, D) what is chosen already; None or empty: `first` begins.
        first: the point that is taken where there are no centres yet.

    Returns:
        Indices in the order in which they were chosen, all different.
    """
    features = np.asarray(features, np.float64)
    count = min(count, len(features))
    chosen: list[int] = []
    nearest = np.full(len(features), np.inf)
    for centre in () if centres is None else np.asarray(centres, np.float64):
        nearest = np.minimum(nearest, _distances(features, centre))
    while len(chosen) < count:
        index = first if np.isinf(nearest).all() else int(np.argmax(nearest))
        chosen.append(index)
        nearest = np.minimum(nearest, _distances(features, features[index]))
        nearest[chosen] = -1.0
    return chosen


def choose(
    scores: Sequence[float | None],
    count: int,
    features: np.ndarray | None = None,
    centres: np.ndarray | None = None,
    candidates: int = 1,
) -> list[int]:
    """The windows to ask about.

    Args:
        scores: of each window, more = better; None: never asked about.
        count: windows wanted.
        features: (N, D); None: the highest scores are taken.
        centres: (M, D) features of what is labelled.
        candidates: with features: the `candidates * count` highest scores are thinned out by `k_center`.

    Returns:
        Indices, in the order in which they were chosen; of equal scores the first window first.
    """
    order = sorted(
        (i for i, s in enumerate(scores) if s is not None), key=lambda i: (-float(scores[i] or 0), i)
    )
    if features is None:
        return order[:count]
    kept = order[: max(count, candidates * count)]
    return [kept[index] for index in k_center(features[kept], count, centres)]


def _distances(features: np.ndarray, point: np.ndarray) -> np.ndarray:
    distances: np.ndarray = np.sqrt(((features - point) ** 2).sum(1))
    return distances

"""Learning curves of active learning: how good a network is with how many labels, by arm and over seeds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.acquisition import RANDOM

ALL_LABELS = "all_labels"  # the arm that was trained on everything


@dataclass(frozen=True)
class Trained:
    """One training.

    Attributes:
        arm: acquisition that chose the windows.
        seed: of initial windows and weights.
        round: from 0, which all arms share.
        windows: that were labelled.
        scores: numbers of its test.
    """

    arm: str
    seed: int
    round: int
    windows: int
    scores: Mapping[str, float]


def learning_curves(trained: Sequence[Trained], metric: str, total: int) -> dict[str, Any]:
    """The sections of `results.json` about several arms.

    Args:
        trained: in any order; trainings without the metric are left out.
        metric: name of the score that is drawn.
        total: windows of the training ground.

    Returns:
        `learning_curves` {metric, total_windows, arms {arm: [{round, windows, share, mean, spread, values {seed: value}}]},
        over_random {arm: [the same of the differences of a seed]}}; `scores` {arm: means of the last round};
        `scores_spread` {arm: standard deviations over seeds} where there are two; `metrics`: of each arm the last round,
        the mean over rounds 1, 2, ..., and how much both are above random.
    """
    known = [each for each in trained if metric in each.scores]
    arms = {arm: _curve([each for each in known if each.arm == arm], metric, total) for arm in _names(known)}
    over = {
        arm: _differences(curve, arms[RANDOM])
        for arm, curve in arms.items()
        if arm != RANDOM and RANDOM in arms
    }
    over = {arm: curve for arm, curve in over.items() if curve}
    metrics: dict[str, float] = {}
    for kind, curves in (("", arms), ("_over_random", over)):
        for arm, curve in curves.items():
            metrics[f"{arm}/{metric}{kind}"] = curve[-1]["mean"]
            later = [point["mean"] for point in curve if point["round"] > 0]
            if later and arm != ALL_LABELS:
                metrics[f"{arm}/{metric}{kind}_over_rounds"] = statistics.fmean(later)
    scores, spread = _last_scores(known)
    section = {"metric": metric, "total_windows": total, "arms": arms, "over_random": over}
    return {
        "learning_curves": section,
        "metrics": metrics,
        "scores": scores,
        **({"scores_spread": spread} if spread else {}),
    }


def _names(trained: Sequence[Trained]) -> list[str]:
    """Arms in the order in which they came, random last, then what was trained on everything."""
    names = dict.fromkeys(each.arm for each in trained)
    last = [name for name in (RANDOM, ALL_LABELS) if name in names]
    return [name for name in names if name not in last] + last


def _curve(trained: Sequence[Trained], metric: str, total: int) -> list[dict[str, Any]]:
    points = []
    for round in sorted({each.round for each in trained}):
        own = [each for each in trained if each.round == round]
        values = {str(each.seed): float(each.scores[metric]) for each in own}
        windows = statistics.fmean(each.windows for each in own)
        points.append({"round": round, "windows": windows, "share": windows / total, **_summary(values)})
    return points


def _differences(
    curve: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Seed by seed and round by round: seeds share initial windows and weights, so their differences vary less."""
    by_round = {point["round"]: point for point in other}
    points = []
    for point in curve:
        if point["round"] == 0 or point["round"] not in by_round:
            continue
        there = by_round[point["round"]]["values"]
        values = {seed: value - there[seed] for seed, value in point["values"].items() if seed in there}
        if values:
            points.append({key: point[key] for key in ("round", "windows", "share")} | _summary(values))
    return points


def _summary(values: Mapping[str, float]) -> dict[str, Any]:
    spread = statistics.stdev(values.values()) if len(values) > 1 else None
    return {"mean": statistics.fmean(values.values()), "spread": spread, "values": dict(values)}


def _last_scores(trained: Sequence[Trained]) -> tuple[dict[str, Any], dict[str, Any]]:
    means: dict[str, dict[str, float]] = {}
    spread: dict[str, dict[str, float]] = {}
    for arm in _names(trained):
        own = [each for each in trained if each.arm == arm]
        last = [each.scores for each in own if each.round == max(one.round for one in own)]
        shared = [name for name in last[0] if all(name in scores for scores in last)]
        means[arm] = {name: statistics.fmean(scores[name] for scores in last) for name in shared}
        if len(last) > 1:
            spread[arm] = {name: statistics.stdev(scores[name] for scores in last) for name in shared}
    return means, spread

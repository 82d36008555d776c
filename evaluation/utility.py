"""What made training pairs are worth: trainings with and without them, tested on the same real labels, over seeds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.special import stdtrit

REAL, PAIRS, BOTH = "real", "pairs", "both"  # arms
BETTER, WORSE, UNDECIDED = "better", "worse", "no difference shown"
CONFIDENCE = 0.95
ENOUGH_SEEDS = 3
ENOUGH_SCENES = 3  # below, conclusions are called indicative


@dataclass(frozen=True)
class Scored:
    """One training and its test.

    Attributes:
        arm: what was trained on: `real`, `pairs` or `both`.
        seed: of weights, windows and pairs.
        share: of the real windows that were labelled, in (0, 1]; 0 for `pairs`.
        windows: how many these are.
        scores: numbers of the test on real labels.
    """

    arm: str
    seed: int
    share: float
    windows: int
    scores: Mapping[str, float]


def fit_name(arm: str, share: float) -> str:
    """What a training is called: `real_5`, `both_100`, `pairs`."""
    return arm if arm == PAIRS else f"{arm}_{100 * share:g}"


def utility(tested: Sequence[Scored], metric: str) -> dict[str, Any]:
    """The sections of `results.json` about what pairs add.

    Args:
        tested: in any order; tests in which the metric is undefined are left out.
        metric: name of the score, the higher the better.

    Returns:
        `utility` {metric, seeds, arms {arm: [{share, windows, mean, spread, values {seed: value}}]}, gain [{share, mean,
        spread, values, interval [low, high] or None, verdict}]}: `gain` is `both` minus `real`, seed by seed, since a seed
        has the same windows and first weights in both; its interval is the t-interval of the mean over seeds.
        `metrics` of all means; `scores` {training: means of all scores} and `scores_spread` {training: standard deviations}.
    """
    known = [each for each in tested if metric in each.scores]
    arms = {arm: _curve([each for each in known if each.arm == arm], metric) for arm in (REAL, BOTH, PAIRS)}
    arms = {arm: curve for arm, curve in arms.items() if curve}
    gain = _gain(arms.get(REAL, ()), arms.get(BOTH, ()))
    metrics = {
        f"{fit_name(arm, point['share'])}/{metric}": point["mean"]
        for arm, curve in arms.items()
        for point in curve
    }
    metrics |= {f"gain_{100 * point['share']:g}/{metric}": point["mean"] for point in gain}
    means: dict[str, dict[str, float]] = {}
    spread: dict[str, dict[str, float]] = {}
    for arm, curve in arms.items():
        for point in curve:
            name = fit_name(arm, point["share"])
            own = [each.scores for each in known if each.arm == arm and each.share == point["share"]]
            shared = [score for score in own[0] if all(score in other for other in own)]
            means[name] = {score: statistics.fmean(other[score] for other in own) for score in shared}
            if len(own) > 1:
                spread[name] = {score: statistics.stdev(other[score] for other in own) for score in shared}
    section = {"metric": metric, "seeds": sorted({each.seed for each in known}), "arms": arms, "gain": gain}
    return {
        "utility": section,
        "metrics": metrics,
        "scores": means,
        **({"scores_spread": spread} if spread else {}),
    }


def conclusion(section: Mapping[str, Any], *, scenes: int, split: str = "", generated: bool = False) -> str:
    """What may be said, and how far it holds, in a few sentences.

    Args:
        section: `utility` of `utility`.
        scenes: that were tested on.
        split: what the test shares with the training.
        generated: whether these scenes are made up.
    """
    words = str(section["metric"]).replace("iou_", "IoU of ").replace("_", " ")
    seeds = len(section["seeds"])
    said = []
    for point in section["gain"]:
        said.append(f"{_percent(point['share'])} {point['mean']:+.3f}{_spread(point)} ({point['verdict']})")
    parts = []
    if said:
        parts.append(f"Adding made pairs to the real labels changes the {words} by: {', '.join(said)}.")
    alone = section["arms"].get(PAIRS)
    if alone:
        parts.append(
            f"Pairs alone reach {alone[0]['mean']:.3f}{_spread(alone[0])}{_rank(alone[0]['mean'], section)}."
        )
    if not parts:
        return f"The {words} is undefined in every test: nothing can be said."
    if seeds > 1:
        parts.append(
            f"Means and standard deviations over {seeds} seeds; better and worse are said where the {CONFIDENCE:.0%} "
            "interval of the mean difference leaves out 0."
        )
    if seeds < ENOUGH_SEEDS:
        parts.append(f"{seeds} seed{'s do' if seeds > 1 else ' does'} not tell chance from gain.")
    number = f"{scenes} scene{'' if scenes == 1 else 's'}"
    if generated:
        parts.append(f"The test is on {number} that {'is' if scenes == 1 else 'are'} generated: it shows that this runs, "
                     "and says nothing about clouds.")  # fmt: skip
    elif scenes < ENOUGH_SCENES:
        parts.append(f"Indicative only: seeds are not scenes, and the test shows {number}.")
    else:
        parts.append(f"It holds for the {number} of the test; others may differ.")
    return " ".join([*parts, *([f"Split {split}."] if split else [])])


def _curve(tested: Sequence[Scored], metric: str) -> list[dict[str, Any]]:
    points = []
    for share in sorted({each.share for each in tested}):
        own = [each for each in tested if each.share == share]
        values = {str(each.seed): float(each.scores[metric]) for each in own}
        points.append({"share": share, "windows": own[0].windows, **_summary(values)})
    return points


def _gain(real: Sequence[Mapping[str, Any]], both: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    before = {point["share"]: point["values"] for point in real}
    points = []
    for point in both:
        there = before.get(point["share"], {})
        values = {seed: value - there[seed] for seed, value in point["values"].items() if seed in there}
        if values:
            interval = _interval(list(values.values()))
            points.append(
                {
                    "share": point["share"],
                    **_summary(values),
                    "interval": interval,
                    "verdict": _verdict(interval),
                }
            )
    return points


def _summary(values: Mapping[str, float]) -> dict[str, Any]:
    spread = statistics.stdev(values.values()) if len(values) > 1 else None
    return {"mean": statistics.fmean(values.values()), "spread": spread, "values": dict(values)}


def _interval(values: Sequence[float]) -> list[float] | None:
    """Where the mean of such values lies, by Student's t; None for a single one."""
    if len(values) < 2:
        return None
    half = (
        float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
        * statistics.stdev(values)
        / math.sqrt(len(values))
    )
    mean = statistics.fmean(values)
    return [mean - half, mean + half]


def _verdict(interval: Sequence[float] | None) -> str:
    if interval is None or interval[0] <= 0 <= interval[1]:
        return UNDECIDED
    return BETTER if interval[0] > 0 else WORSE


def _rank(value: float, section: Mapping[str, Any]) -> str:
    """Which share of the real labels gives as much, by means."""
    real = section["arms"].get(REAL)
    if not real:
        return ""
    below = [point["share"] for point in real if point["mean"] <= value]
    above = [point["share"] for point in real if point["mean"] > value]
    if not below:
        return f", less than {_percent(min(above))} of the real labels alone"
    if not above:
        return f", at least as much as {_percent(max(below))} of the real labels alone"
    if max(below) < min(above):
        return f", as much as {_percent(max(below))} to {_percent(min(above))} of the real labels alone"
    return f", more than {_percent(max(below))} of the real labels alone and less than {_percent(min(above))}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _spread(point: Mapping[str, Any]) -> str:
    return "" if point["spread"] is None else f" ± {point['spread']:.3f}"

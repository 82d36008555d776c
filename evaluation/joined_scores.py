"""Several runs scored on one test set: the mean and spread over their seeds, beside the baselines."""

import statistics
from collections.abc import Sequence
from typing import Any

from errors import UserError

MODEL = "model"


def join_scores(results: Sequence[dict[str, Any]], labels: Sequence[str]) -> dict[str, Any]:
    """The joint sections of the `results.json` contents of several runs that have a section `scores`.

    Runs with the same label differ in their seeds alone: their scores are averaged. Baselines do not depend on a
    run; those of the first run that has them are taken.

    Args:
        results: contents of `results.json`.
        labels: what each run is called.

    Returns:
        `scores` {label or baseline: {metric: mean}}, `scores_spread` {label: {metric: standard deviation over
        seeds}} where there are at least two, `num_seeds` {label: runs}, and where the runs have them `bands`
        {label or baseline: {band: {metric: mean}}}.

    Raises:
        UserError: a run without scores, or runs tested on other data.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    baselines: dict[str, dict[str, Any]] = {}
    tested: tuple[str, Any] | None = None
    for result, label in zip(results, labels, strict=True):
        scores = result.get("scores") or {}
        if MODEL not in scores:
            raise UserError(f"{label} has no scores: expected the test of a model with scores")
        test_set = result.get("scored") or {}
        if tested is None:
            tested = (label, test_set)
        elif test_set != tested[1]:
            raise UserError(
                f"{label} was tested on other scenes than {tested[0]}: one table takes one test set"
            )
        groups.setdefault(label, []).append(scores[MODEL])
        for name, values in scores.items():
            if name != MODEL:
                baselines.setdefault(name, values)
    means = {label: _over_seeds(members, statistics.fmean) for label, members in groups.items()}
    spread = {
        label: _over_seeds(members, statistics.stdev) for label, members in groups.items() if len(members) > 1
    }
    bands = _bands(results, labels)
    return {
        "scores": {**means, **baselines},
        "scores_spread": spread,
        "num_seeds": {label: len(members) for label, members in groups.items()},
        **({"bands": bands} if bands else {}),
    }


def _bands(
    results: Sequence[dict[str, Any]], labels: Sequence[str]
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Scores by band, averaged over seeds; baselines of the first run that has them."""
    groups: dict[str, list[dict[str, Any]]] = {}
    baselines: dict[str, Any] = {}
    for result, label in zip(results, labels, strict=True):
        for name, bands in (result.get("bands") or {}).items():
            if name == MODEL:
                groups.setdefault(label, []).append(bands)
            else:
                baselines.setdefault(name, bands)
    means = {
        label: {band: _over_seeds([m[band] for m in members], statistics.fmean) for band in members[0]}
        for label, members in groups.items()
    }
    return {**means, **baselines}


def labels_of(words: Sequence[Sequence[str]], names: Sequence[str]) -> list[str]:
    """What each run is called: its experiment, and the overrides in which the runs differ, seeds left out.

    Args:
        words: the overrides of each run.
        names: the experiment of each run.
    """
    common = set(words[0]).intersection(*words[1:])
    own = [[word for word in run if word not in common and not _is_about_seeds(word)] for run in words]
    return [
        " ".join([name, *(word for word in run if word != f"experiment={name}")])
        for name, run in zip(names, own, strict=True)
    ]


def _is_about_seeds(word: str) -> bool:
    return word.split("=", 1)[0] in ("seed", "paths.output", "hydra.run.dir")


def _over_seeds(members: Sequence[dict[str, Any]], function: Any) -> dict[str, float | None]:
    values = {metric: [member.get(metric) for member in members] for metric in members[0]}
    return {
        metric: None if any(value is None for value in numbers) else float(function(numbers))
        for metric, numbers in values.items()
    }

"""What active learning reports: learning curves, random choice beside the others wherever masks answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich import box
from rich.console import Console
from rich.table import Table

from evaluation.learning_curve_plots import plot_learning_curves
from evaluation.learning_curves import ALL_LABELS, Trained, learning_curves
from evaluation.results import write_results

PICTURE = "learning_curve.png"


def report(
    config: DictConfig, folder: Path, trained: Sequence[Trained], metric: str, total: int, oracle: str
) -> float | None:
    """Write `results.json` and `pictures/learning_curve.png` into the run folder and print a table.

    Args:
        config: of the run.
        folder: the run folder.
        trained: all trainings so far, those of the first arm before others.
        metric: that curves show.
        total: windows of the training ground.
        oracle: who answered.

    Returns:
        The metric of the first arm after its last round, mean over seeds; None where it was not measured.
    """
    sections = learning_curves(trained, metric, total)
    data = {"windows": total, "oracle": oracle, "seeds": sorted({each.seed for each in trained})}
    write_results(folder / "results.json", {"experiment": config.experiment_name, "data": data, **sections})
    curves = sections["learning_curves"]
    if curves["arms"]:
        (folder / "pictures").mkdir(exist_ok=True)
        plot_learning_curves(curves, folder / "pictures" / PICTURE, str(config.experiment_name))
        Console(width=None, soft_wrap=False).print(table(curves))
    value = sections["metrics"].get(f"{trained[0].arm}/{metric}")
    return None if value is None else float(value)


def table(curves: dict[str, Any]) -> Table:
    """A row for each arm, a column for each number of labelled windows; the mean, and the spread over seeds."""
    found = Table(
        title=f"{curves['metric']} by share of labelled windows (of {curves['total_windows']})",
        title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip
    rounds = {
        point["round"]: point["share"]
        for arm, curve in curves["arms"].items()
        if arm != ALL_LABELS
        for point in curve
    }
    found.add_column("", min_width=13)
    for share in rounds.values():
        found.add_column(f"{share:.1%}", justify="right", no_wrap=True)
    for arm, curve in curves["arms"].items():
        if arm != ALL_LABELS:
            found.add_row(arm.replace("_", " "), *_cells(curve, rounds, "{:.3f}"))
    for arm, curve in curves["over_random"].items():
        found.add_row(f"{arm.replace('_', ' ')} - random", *_cells(curve, rounds, "{:+.3f}"), style="dim")
    if ALL_LABELS in curves["arms"]:
        point = curves["arms"][ALL_LABELS][-1]
        found.caption, found.caption_justify = f"with all labels: {_words(point, '{:.3f}')}", "left"
    return found


def _cells(curve: Sequence[dict[str, Any]], rounds: dict[int, float], form: str) -> list[str]:
    by_round = {point["round"]: point for point in curve}
    return [_words(by_round[round], form) if round in by_round else "" for round in rounds]


def _words(point: dict[str, Any], form: str) -> str:
    spread = "" if point["spread"] is None else f" ±{point['spread']:.3f}"
    return form.format(point["mean"]) + spread

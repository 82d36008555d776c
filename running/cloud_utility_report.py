"""What the trainings of `experiment=cloud_utility` are reported as: `results.json`, a picture, a table, a conclusion."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from evaluation.results import write_results
from evaluation.utility import BOTH, PAIRS, REAL, Scored, conclusion, utility
from evaluation.utility_plots import plot_utility

PICTURE = "utility.png"


def report(
    name: str, folder: Path, tested: Sequence[Scored], metric: str, data: Mapping[str, Any]
) -> dict[str, float]:
    """Write `results.json` and `pictures/utility.png` into the run folder, print a table and what may be said.

    Args:
        name: of the experiment.
        folder: the run folder.
        tested: all trainings.
        metric: that conclusions are about.
        data: facts about the data: `test_scenes`, `split_note`, `generated` are spoken of.

    Returns:
        All means by name.
    """
    sections = utility(tested, metric)
    section = sections["utility"]
    section["conclusion"] = conclusion(
        section,
        scenes=int(data["test_scenes"]),
        split=str(data["split_note"]),
        generated=bool(data["generated"]),
    )
    write_results(folder / "results.json", {"experiment": name, "data": dict(data), **sections})
    console = Console(width=None, soft_wrap=False)
    if section["arms"]:
        (folder / "pictures").mkdir(exist_ok=True)
        plot_utility(section, folder / "pictures" / PICTURE, name)
        console.print(table(section))
    console.print(section["conclusion"], soft_wrap=True, highlight=False)
    metrics: dict[str, float] = sections["metrics"]
    return metrics


def table(section: Mapping[str, Any]) -> Table:
    """A row for each arm, a column for each share of real labels; the mean, and the spread over seeds."""
    found = Table(
        title=f"{section['metric']} on held-out real masks, by share of the real windows that are labelled",
        title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip
    shares = sorted({point["share"] for arm in (REAL, BOTH) for point in section["arms"].get(arm, ())})
    found.add_column("")
    for share in shares or [0]:
        found.add_column(f"{100 * share:g} %", justify="right", no_wrap=True)
    for arm, label in ((REAL, "real"), (BOTH, "real and pairs")):
        if arm in section["arms"]:
            found.add_row(label, *_cells(section["arms"][arm], shares, "{:.3f}"))
    if section["gain"]:
        found.add_row("gain", *_cells(section["gain"], shares, "{:+.3f}"), style="dim")
    for point in section["arms"].get(PAIRS, ()):
        found.add_row("pairs alone", _words(point, "{:.3f}"))
    return found


def _cells(curve: Sequence[Mapping[str, Any]], shares: Sequence[float], form: str) -> list[str]:
    by_share = {point["share"]: point for point in curve}
    return [_words(by_share[share], form) if share in by_share else "" for share in shares]


def _words(point: Mapping[str, Any], form: str) -> str:
    spread = "" if point["spread"] is None else f" ± {point['spread']:.3f}"
    return form.format(point["mean"]) + spread

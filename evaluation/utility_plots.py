"""The picture of what made training pairs are worth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from evaluation.utility import BOTH, PAIRS, REAL

# Okabe-Ito colours, told apart by colour-blind readers.
_LINES = ((REAL, "real labels", "#0072B2"), (BOTH, "real labels and made pairs", "#D55E00"))
_PAIRS_COLOUR = "#7F7F7F"


def plot_utility(section: Mapping[str, Any], path: Path, title: str) -> None:
    """The metric against the share of real labels, with and without pairs; every seed is a dot, bands are one deviation.

    Args:
        section: `utility` of a `results.json`.
        path: the PNG file; its folder exists.
        title: above the curves.
    """
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shares = sorted({point["share"] for arm, *_ in _LINES for point in section["arms"].get(arm, ())})
    for arm, label, colour in _LINES:
        curve = section["arms"].get(arm, ())
        if not curve:
            continue
        places, means = [point["share"] for point in curve], [point["mean"] for point in curve]
        axes.plot(places, means, marker="o", markersize=5, color=colour, label=label)
        for point in curve:
            values = list(point["values"].values())
            axes.plot([point["share"]] * len(values), values, ".", markersize=4, color=colour, alpha=0.5)
        _band(axes, places, curve, colour)
    for point in section["arms"].get(PAIRS, ()):
        ends = [shares[0], shares[-1]] if shares else [0.5, 1.0]
        axes.plot(ends, [point["mean"]] * 2, linestyle=":", color=_PAIRS_COLOUR, label="made pairs alone")
        _band(axes, ends, [point, point], _PAIRS_COLOUR)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(shares))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{100 * share:g}" for share in shares])
    axes.set_xlabel("labelled windows of the real ground of the training (%)")
    axes.set_ylabel(
        f"{str(section['metric']).replace('iou_', 'IoU of ').replace('_', ' ')}, held-out real masks"
    )
    seeds = len(section["seeds"])
    axes.set_title(f"{title}, {seeds} seed{'' if seeds == 1 else 's'}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="best")
    temporary = path.with_name(f".{path.name}.part")
    figure.savefig(temporary, format="png", dpi=130)
    temporary.replace(path)


def _band(axes: Any, places: list[float], curve: Any, colour: str) -> None:
    if all(point["spread"] is not None for point in curve):
        low = [point["mean"] - point["spread"] for point in curve]
        high = [point["mean"] + point["spread"] for point in curve]
        axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)

"""Pictures of learning curves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.acquisition import RANDOM
from evaluation.learning_curves import ALL_LABELS

# Okabe-Ito colours, told apart by colour-blind readers; random is grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
RANDOM_COLOUR = "#7F7F7F"


def plot_learning_curves(section: Mapping[str, Any], path: Path, title: str) -> None:
    """The metric against the share of labelled windows: a line for each arm, a band of one standard deviation.

    Args:
        section: `learning_curves` of a `results.json`.
        path: the PNG file; its folder exists.
        title: above the curves.
    """
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    seeds = max((len(point["values"]) for curve in section["arms"].values() for point in curve), default=0)
    colours = iter(COLOURS * (1 + len(section["arms"]) // len(COLOURS)))
    for arm, curve in section["arms"].items():
        if arm == ALL_LABELS:
            axes.axhline(curve[-1]["mean"], color="black", linestyle=":", linewidth=1, label="all labels")
            continue
        colour = RANDOM_COLOUR if arm == RANDOM else next(colours)
        shares = [100 * point["share"] for point in curve]
        means = [point["mean"] for point in curve]
        axes.plot(shares, means, marker="o", markersize=4, color=colour, label=arm.replace("_", " "))
        if all(point["spread"] is not None for point in curve):
            low = [point["mean"] - point["spread"] for point in curve]
            high = [point["mean"] + point["spread"] for point in curve]
            axes.fill_between(shares, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.set_xlabel("labelled windows of the training ground (%)")
    axes.set_ylabel(str(section["metric"]).replace("_", " ").replace("iou", "IoU"))
    axes.set_title(title + (f", {seeds} seeds" if seeds > 1 else ""))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="lower right")
    temporary = path.with_name(f".{path.name}.part")
    figure.savefig(temporary, format="png", dpi=130)
    temporary.replace(path)

"""Charts of segmentation: confusion matrices, and scores over the months and days of the year."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = 31
_SCALE = "viridis"
_MATRIX_SCALE = "Blues"
_DARK = 0.65  # of the scale of matrices: from here on words are white
_BRIGHT = 0.6  # of the scale of calendars: from here on words are black
_DOTS_PER_INCH = 110


def plot_confusion(counts: np.ndarray, classes: Sequence[str], path: Path, title: str) -> None:
    """A confusion matrix as PNG: each row is normalised to 100 %, with the pixels below the percentage.

    Args:
        counts: `(K, K)`, rows = truth.
        classes: their names.
        path: the PNG file; its folder exists.
        title: above it.
    """
    side = 1.9 + 1.05 * len(classes)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.add_subplot()
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, sums, out=np.full(counts.shape, np.nan), where=sums > 0)
    scale = colormaps[_MATRIX_SCALE].copy()
    scale.set_bad("#EEEEEE")
    axes.imshow(shares, cmap=scale, vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        share = shares[row, column]
        known = np.isfinite(share)
        text = f"{100 * share:.1f} %\n{_thousands(int(counts[row, column]))}" if known else "-"
        colour = "white" if known and share > _DARK else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color=colour)
    words = [name.replace("_", " ") for name in classes]
    axes.set_xticks(range(len(classes)), words, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), words)
    axes.set_xticks(np.arange(0.5, len(classes) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(classes) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth (rows add up to 100 %)")
    axes.set_title(title, fontsize=10)
    save(figure, path)


def plot_calendar(values: Mapping[date, float], path: Path, title: str) -> None:
    """Scores of days as PNG: a row for each month, a column for each day of it, one block for each year.

    Args:
        values: {day: score from 0 to 1}, at least one.
        path: the PNG file; its folder exists.
        title: above it.
    """
    years = sorted({day.year for day in values})
    figure = Figure(figsize=(12.5, 0.9 + 3.9 * len(years)), layout="constrained")
    figure.suptitle(title, fontsize=11)
    scale = colormaps[_SCALE].copy()
    scale.set_bad("#F4F4F4")
    images = []
    blocks = figure.subplots(len(years), 1, squeeze=False)[:, 0]
    for axes, year in zip(blocks, years, strict=True):
        cells = np.full((len(MONTHS), DAYS), np.nan)
        for day, value in values.items():
            if day.year == year:
                cells[day.month - 1, day.day - 1] = value
                colour = "black" if value > _BRIGHT else "white"
                words = f"{100 * value:.0f}"
                axes.text(
                    day.day - 1, day.month - 1, words, ha="center", va="center", fontsize=8, color=colour
                )
        images.append(axes.imshow(cells, cmap=scale, vmin=0, vmax=1, aspect="auto"))
        axes.set_xticks(range(DAYS), [str(day + 1) for day in range(DAYS)], fontsize=8)
        axes.set_yticks(range(len(MONTHS)), MONTHS, fontsize=8)
        axes.set_xticks(np.arange(0.5, DAYS - 1), minor=True)
        axes.set_yticks(np.arange(0.5, len(MONTHS) - 1), minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5)
        axes.tick_params(which="both", length=0)
        axes.spines[:].set_visible(False)
        axes.set_ylabel(str(year))
    bar = figure.colorbar(images[0], ax=blocks.tolist(), shrink=0.9, pad=0.01, aspect=40)
    bar.set_label("score; in the cells, hundredths", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, wholly or not at all."""
    temporary = path.with_name(f".{path.stem}.part.png")
    FigureCanvasAgg(figure).print_figure(temporary, dpi=_DOTS_PER_INCH)
    temporary.replace(path)


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", "\u2009")

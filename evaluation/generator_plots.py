"""Charts of made clouds: spectra beside real ones, and how much cloud there is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from evaluation.segmentation_plots import save

_NAMES = {
    "real": "real", "model": "made", "two_colours": "two colours", "asked": "masks asked for",
    "recovered": "seen in made clouds", "recovered_of_real": "seen in real clouds",
}  # fmt: skip
# Okabe and Ito's colours, told apart by colour-blind readers.
_COLOURS = {
    "real": "#000000", "model": "#D55E00", "two_colours": "#999999", "asked": "#0072B2", "recovered": "#D55E00",
    "recovered_of_real": "#000000",
}  # fmt: skip
_WIDE, _NARROW = 4.0, 1.5  # lines, points


def plot_generator_quality(spectra: Mapping[str, Any], covers: Mapping[str, Any], path: Path) -> None:
    """Both charts as one PNG, wholly or not at all.

    Args:
        spectra: see `GeneratorQuality.spectra`.
        covers: see `GeneratorQuality.cover_histogram`.
        path: the file; its folder exists.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, power in spectra.items():
        if name in _NAMES:
            left.loglog(spectra["cycles_per_pixel"], power, label=_NAMES[name], color=_COLOURS[name])
    left.set_xlabel("spatial frequency (cycles per pixel)")
    left.set_ylabel("power")
    edges = np.asarray(covers["edges_percent"], float)
    for name, counts in covers.items():
        if name in _NAMES:
            shares = 100 * np.asarray(counts) / max(1, sum(counts))
            width = _WIDE if name == "asked" else _NARROW  # the others lie on it where all is well
            right.stairs(shares, edges, label=_NAMES[name], color=_COLOURS[name], linewidth=width)
    right.set_xlabel("cloud in the tile (%)")
    right.set_ylabel("tiles (%)")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        if axes.has_data():
            axes.legend(frameon=False)
    save(figure, path)

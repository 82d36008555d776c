"""The chart of made clouds appears, with and without real ones."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.generator_plots import plot_generator_quality


@pytest.mark.parametrize("names", [("model",), ("model", "real", "two_colours")])
def test_both_charts_in_one_picture(tmp_path: Path, names: tuple[str, ...]) -> None:
    spectra = {"cycles_per_pixel": [0.1, 0.2, 0.5], **{name: [3.0, 2.0, 1.0] for name in names}}
    covers = {"edges_percent": [0, 50, 100], "asked": [3, 1], "recovered": [2, 2]}
    plot_generator_quality(spectra, covers, tmp_path / "q.png")
    pixels = np.asarray(Image.open(tmp_path / "q.png").convert("RGB"))
    assert pixels.shape[1] > 2 * pixels.shape[0] and pixels.std() > 10
    assert [path.name for path in tmp_path.iterdir()] == ["q.png"]
    plot_generator_quality({}, {"edges_percent": [0, 100]}, tmp_path / "q.png")

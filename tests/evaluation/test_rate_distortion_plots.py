"""Pictures are written wholly, for any number of bands."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.rate_distortion_plots import Shown, label_of, plot_panel, plot_rate_distortion


def _points(ms_ssim: float | None) -> list[dict]:
    return [
        {"codec": codec, "bits_per_pixel": rate, "psnr": 30 + 5 * rate, "ms_ssim": ms_ssim}
        for codec in ("learned", "jpeg", "unheard_of")
        for rate in (0.3, 0.6, 1.2)
    ]


def test_curves_with_and_without_ms_ssim(tmp_path: Path) -> None:
    plot_rate_distortion(_points(0.95), tmp_path / "two.png", "two")
    plot_rate_distortion(_points(None), tmp_path / "one.png", "one")
    with Image.open(tmp_path / "two.png") as two, Image.open(tmp_path / "one.png") as one:
        assert two.width == pytest.approx(2 * one.width, abs=4)
        assert np.asarray(two.convert("L")).min() < 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.png", "two.png"]


@pytest.mark.parametrize("bands", [1, 3, 4, 13])
def test_panels_of_any_bands(tmp_path: Path, bands: int) -> None:
    rng = np.random.default_rng(0)
    original = rng.integers(0, 4000, (bands, 40, 64)).astype(np.uint16)
    shown = [
        Shown("learned", original + np.uint16(40), 0.5, 40.0),
        Shown("JPEG 2000", original + np.uint16(10), 0.5, 52.0),
    ]
    valid = np.ones((40, 64), bool)
    valid[:5] = False
    plot_panel(original, shown, tmp_path / "panel.png", "a scene", valid)
    with Image.open(tmp_path / "panel.png") as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    # The larger error reaches the bright end of the scale that both error maps share.
    assert (pixels.astype(int).sum(axis=1) < 60).any() and len(np.unique(pixels, axis=0)) > 50


def test_names_of_curves() -> None:
    assert label_of("jpeg2000") == "JPEG 2000"
    assert label_of("learned:mbt2018") == "learned, mbt2018"

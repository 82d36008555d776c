import numpy as np
import pytest
from PIL import Image

from evaluation.utility import Scored, utility
from evaluation.utility_plots import plot_utility


def seen(path, colour: str) -> int:
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return int((np.abs(pixels - [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).max(-1) < 3).sum())


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_arms_that_there_are_are_drawn(tmp_path, seeds):
    tested = [
        Scored(arm, seed, share, 5, {"iou_cloud": value + 0.3 * share + 0.05 * seed})
        for arm, value in (("real", 0.3), ("both", 0.5))
        for share in (0.05, 1.0)
        for seed in seeds
    ]
    section = utility(tested, "iou_cloud")["utility"]
    plot_utility(section, tmp_path / "all.png", "a run")
    assert min(seen(tmp_path / "all.png", colour) for colour in ("#0072B2", "#D55E00")) > 100
    alone = utility([Scored("pairs", seed, 0.0, 0, {"iou_cloud": 0.4}) for seed in seeds], "iou_cloud")[
        "utility"
    ]
    plot_utility(alone, tmp_path / "alone.png", "a run")
    assert seen(tmp_path / "alone.png", "#7F7F7F") > 20
    assert seen(tmp_path / "alone.png", "#D55E00") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.png", "alone.png"]

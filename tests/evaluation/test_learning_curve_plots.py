import numpy as np
from PIL import Image

from evaluation.learning_curve_plots import RANDOM_COLOUR, plot_learning_curves
from evaluation.learning_curves import Trained, learning_curves


def test_every_arm_is_drawn(tmp_path):
    runs = [
        Trained(arm, seed, round, 5 * (round + 1), {"mean_iou": value + 0.1 * round + 0.05 * seed})
        for arm, value in (("entropy", 0.4), ("random", 0.2))
        for seed in (0, 1)
        for round in (0, 1, 2)
    ] + [Trained("all_labels", 0, 0, 100, {"mean_iou": 0.9})]
    section = learning_curves(runs, "mean_iou", 100)["learning_curves"]
    plot_learning_curves(section, tmp_path / "curves.png", "a run")
    pixels = np.asarray(Image.open(tmp_path / "curves.png").convert("RGB"))
    for colour in ("#0072B2", RANDOM_COLOUR):
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (np.abs(pixels.astype(int) - wanted).max(-1) < 3).sum() > 50, colour
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]

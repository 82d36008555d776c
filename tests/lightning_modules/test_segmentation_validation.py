"""Figures of a validation against counting by hand."""

import pytest
import torch

from lightning_modules.segmentation_validation import ConfusionSums

NAMES = ("a", "b", "c", "d")


def test_figures_over_the_whole_set() -> None:
    sums = ConfusionSums(NAMES)
    sums.add(torch.tensor([[[0, 0, 1, 1]]]), torch.tensor([[[0, 1, 1, 255]]]), torch.tensor(0.3))
    sums.add(torch.tensor([[[2]]]), torch.tensor([[[0]]]), torch.tensor(0.7))
    assert sums.matrix.tolist() == [[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    figures = {name: float(value) for name, value in sums.figures().items()}
    assert figures == pytest.approx(
        {
            "loss": (3 * 0.3 + 0.7) / 4,
            "accuracy": 0.5,
            "mean_iou": (1 / 3 + 1 / 2 + 0) / 3,
            "iou_a": 1 / 3,
            "iou_b": 1 / 2,
            "iou_c": 0.0,
        }
    )  # d is neither in the masks nor in the predictions


def test_batches_without_a_known_pixel_count_nothing() -> None:
    sums = ConfusionSums(NAMES)
    sums.add(torch.zeros(1, 2, 2, dtype=torch.int64), torch.full((1, 2, 2), 255), torch.tensor(0.0))
    assert sums.figures() == {}
    sums.add(
        torch.ones(1, 1, 1, dtype=torch.uint8), torch.ones(1, 1, 1, dtype=torch.int64), torch.tensor(2.0)
    )
    assert sums.figures()["loss"] == 2 and sums.figures()["mean_iou"] == 1


def test_processes_are_added_up() -> None:
    sums = ConfusionSums(NAMES[:2])
    sums.add(torch.tensor([[[0, 1]]]), torch.tensor([[[0, 0]]]), torch.tensor(1.5))
    figures = sums.figures(lambda total: total * 2)
    assert figures["accuracy"] == 0.5 and figures["loss"] == 1.5

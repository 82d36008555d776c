"""Losses against what their definitions give on pixels one can count."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from errors import UserError
from lightning_modules.segmentation_losses import LOSSES, SegmentationLoss, class_weights


def example() -> tuple[Tensor, Tensor]:
    """Logits (2, 3, 8, 6) and a mask in which a fifth of the pixels is unknown."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 8, 6, generator=generator) * 2
    mask = torch.randint(0, 3, (2, 8, 6), generator=generator)
    mask[torch.rand(2, 8, 6, generator=generator) < 0.2] = 255
    return logits, mask


def test_the_published_mean_and_the_usual_one() -> None:
    logits, mask = example()
    weights = torch.tensor([0.1, 0.6, 0.3])
    usual, published = (
        SegmentationLoss("cross_entropy", 3),
        SegmentationLoss("cross_entropy", 3, mean="pixels"),
    )
    for loss in (usual, published):
        loss.weights.copy_(weights)
    expected = functional.cross_entropy(logits, mask, weight=weights, ignore_index=255)
    assert usual(logits, mask) == pytest.approx(float(expected), rel=1e-5)
    known = mask != 255
    pixels = -logits.log_softmax(1).gather(1, mask.clamp(max=2)[:, None])[:, 0] * weights[mask.clamp(max=2)]
    assert published(logits, mask) == pytest.approx(float(pixels[known].mean()), rel=1e-5)
    assert published(logits, mask) < usual(logits, mask)


def test_focal_loss_is_its_definition_and_without_focus_cross_entropy() -> None:
    logits, mask = example()
    known = mask != 255
    p = logits.softmax(1).gather(1, mask.clamp(max=2)[:, None])[:, 0][known]
    focal = SegmentationLoss("focal", 3, focal_gamma=2.0)
    assert focal(logits, mask) == pytest.approx(float(((1 - p) ** 2 * -p.log()).mean()), rel=1e-4)
    plain = SegmentationLoss("focal", 3, focal_gamma=0.0)
    assert plain(logits, mask) == pytest.approx(
        float(SegmentationLoss("cross_entropy", 3)(logits, mask)), rel=1e-5
    )


def test_dice_is_its_definition_over_the_classes_that_are_there() -> None:
    logits, mask = example()
    mask[mask == 2] = 1
    known = mask != 255
    p = logits.softmax(1).movedim(1, -1)[known]
    expected = []
    for index in (0, 1):
        true = (mask[known] == index).float()
        expected.append(1 - (2 * (p[:, index] * true).sum() + 1) / (p[:, index].sum() + true.sum() + 1))
    loss = SegmentationLoss("dice", 3)
    assert loss(logits, mask) == pytest.approx(float(torch.stack(expected).mean()), rel=1e-5)


def test_lovasz_of_certain_predictions_is_one_minus_the_mean_iou() -> None:
    mask = torch.tensor([[[0, 0, 1, 1, 1, 255]]])
    predicted = torch.tensor([[[0, 1, 1, 1, 1, 0]]])
    logits = functional.one_hot(predicted, 3).movedim(-1, 1) * 200.0
    assert SegmentationLoss("lovasz", 3)(logits, mask) == pytest.approx(1 - (1 / 2 + 3 / 4) / 2, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss(name: str) -> None:
    loss = SegmentationLoss(name, 3)
    logits, mask = example()
    logits.requires_grad_()
    value = loss(logits, mask)
    value.backward()
    gradient = logits.grad
    assert gradient is not None and torch.isfinite(gradient).all()
    assert (gradient.movedim(1, -1)[mask == 255] == 0).all()  # the unknown teaches nothing
    assert (gradient.movedim(1, -1)[mask != 255].abs().sum(1) > 0).float().mean() > 0.5
    changed = logits.detach().movedim(1, -1).clone()
    changed[mask == 255] = 50.0
    assert loss(changed.movedim(-1, 1), mask) == pytest.approx(float(value), rel=1e-5)
    perfect = functional.one_hot(mask.clamp(max=2), 3).movedim(-1, 1) * 60.0
    assert loss(perfect, mask) == pytest.approx(0, abs=1e-5) and value > 0.1
    assert torch.isfinite(loss(logits.detach().bfloat16(), mask))


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_a_class_is_0_with_a_gradient_of_0(name: str) -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    value = SegmentationLoss(name, 3)(logits, torch.full((1, 4, 4), 255))
    value.backward()
    assert value == 0 and logits.grad is not None and (logits.grad == 0).all()


def test_a_weighted_sum() -> None:
    logits, mask = example()
    both = SegmentationLoss({"cross_entropy": 0.5, "dice": 2.0, "focal": 0.0}, 3)
    parts = [SegmentationLoss(name, 3)(logits, mask) for name in ("cross_entropy", "dice")]
    assert both(logits, mask) == pytest.approx(float(0.5 * parts[0] + 2 * parts[1]), rel=1e-6)
    assert (
        SegmentationLoss("0.5*cross_entropy + 2*dice", 3).parts
        == both.parts
        == {"cross_entropy": 0.5, "dice": 2.0}
    )
    assert SegmentationLoss("lovasz+focal", 3).parts == {"lovasz": 1.0, "focal": 1.0}


@pytest.mark.parametrize(
    ("counts", "weighting", "expected"),
    [
        ([1, 4, 16], "inverse_sqrt", [4 / 7, 2 / 7, 1 / 7]),
        ([1, 4, 16], "inverse", [16 / 21, 4 / 21, 1 / 21]),
        ([100, 0, 100], "inverse_sqrt", [0.5, 0.5, 0.5]),
        ([3, 4, 0], "none", [1, 1, 1]),
    ],
)
def test_weights_of_classes(counts: list[int], weighting: str, expected: list[float]) -> None:
    assert class_weights(counts, weighting).tolist() == pytest.approx(expected)


def test_the_published_example_is_a_quarter_of_the_usual_loss() -> None:
    """With four classes of one size each weight is a quarter."""
    logits, mask = torch.randn(1, 4, 8, 8), torch.randint(0, 4, (1, 8, 8))
    losses = [SegmentationLoss("cross_entropy", 4, mean=mean) for mean in ("pixels", "weights")]
    for loss in losses:
        loss.weights.copy_(class_weights([25, 25, 25, 25], "inverse_sqrt"))
    assert math.isclose(float(losses[0](logits, mask)) * 4, float(losses[1](logits, mask)), rel_tol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"loss": "jaccard"},
            "model.loss: found 'jaccard', expected one of cross_entropy, focal, dice, lovasz",
        ),
        ({"loss": {"dice": -1}}, "model.loss.dice: found -1, expected 0 or more"),
        ({"loss": "cross_entropy+"}, "model.loss: found ''"),
        ({"loss": "half*dice"}, "model.loss: found 'half\\*dice', expected a name, or a number"),
        ({"loss": {"dice": 0}}, "expected a loss with a weight above 0"),
        ({"loss": "dice", "mean": "all"}, "cross_entropy_mean: found 'all', expected one of weights, pixels"),
    ],
)
def test_bad_settings(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        SegmentationLoss(num_classes=3, **arguments)


def test_bad_weightings() -> None:
    with pytest.raises(UserError, match="found 'half'"):
        class_weights([1, 2], "half")
    with pytest.raises(UserError, match="no labelled pixel"):
        class_weights([0, 0], "inverse")

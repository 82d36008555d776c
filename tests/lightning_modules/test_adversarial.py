"""The game of generator and discriminator."""

import math

import pytest
import torch
from torch.nn import functional

from errors import UserError
from lightning_modules.adversarial import AdversarialLoss, Alternation


def test_logits_give_the_published_cross_entropy_of_probabilities():
    real, fake = torch.tensor([[2.0, -1.0]]), torch.tensor([[0.5, -3.0]])
    loss = AdversarialLoss("bce")
    expected = functional.binary_cross_entropy(real.sigmoid(), torch.ones(1, 2))
    expected = expected + functional.binary_cross_entropy(fake.sigmoid(), torch.zeros(1, 2))
    assert torch.allclose(loss.of_discriminator(real, fake), expected)
    assert torch.allclose(
        loss.of_generator(fake), functional.binary_cross_entropy(fake.sigmoid(), torch.ones(1, 2))
    )


def test_least_squares():
    real, fake = torch.tensor([0.5, 1.0]), torch.tensor([0.5, 0.25])
    loss = AdversarialLoss("lsgan")
    assert float(loss.of_discriminator(real, fake)) == pytest.approx(0.125 + (0.25 + 0.0625) / 2)
    assert float(loss.of_generator(fake)) == pytest.approx((0.25 + 0.5625) / 2)


def test_smooth_labels_are_drawn_for_real_patches_of_the_discriminator_alone():
    torch.manual_seed(0)
    loss = AdversarialLoss("lsgan", 0.8, 1.0)
    outputs = torch.zeros(100_000)
    value = float(loss.of_discriminator(outputs, outputs))
    assert value == pytest.approx((1 - 0.8**3) / (3 * 0.2), rel=5e-3)  # mean square of U(0.8, 1)
    state = torch.get_rng_state()
    assert float(loss.of_generator(outputs)) == 1
    assert float(AdversarialLoss("lsgan", 0.9, 0.9).of_discriminator(outputs, outputs)) == pytest.approx(0.81)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("kind", "threshold"), [("bce", 0.0), ("lsgan", 0.5)])
def test_scores_count_patches_above_a_half(kind, threshold):
    real = threshold + torch.tensor([1.0, 1.0, 1.0, -1.0])
    fake = threshold + torch.tensor([1.0, -1.0, -1.0, -1.0])
    scores = AdversarialLoss(kind).scores(real, fake)
    assert {name: float(value) for name, value in scores.items()} == {
        "fooling_rate": 0.25, "precision": 0.75, "recall": 0.75,
    }  # fmt: skip
    nothing = AdversarialLoss(kind).scores(real - 9, fake - 9)
    assert float(nothing["precision"]) == 0


def test_extreme_logits_stay_finite():
    loss = AdversarialLoss("bce")
    assert math.isfinite(float(loss.of_discriminator(torch.tensor([-1e4]), torch.tensor([1e4]))))


def test_the_published_alternation():
    turns = Alternation(1, 2)
    assert [turns.trains_generator(batch) for batch in range(7)] == [True, False, False] * 2 + [True]
    assert [turns.trains_discriminator(batch) for batch in range(4)] == [False, True, True, False]
    assert [turns.generator_updates(batches) for batches in range(8)] == [0, 1, 1, 1, 2, 2, 2, 3]
    assert turns.cycle == 3


def test_both_learn_from_every_batch():
    turns = Alternation(1, 0)
    assert all(turns.trains_generator(batch) and turns.trains_discriminator(batch) for batch in range(5))
    assert turns.generator_updates(5) == 5
    assert turns.cycle == 1


def test_bad_options():
    with pytest.raises(UserError, match="adversarial_loss: found 'hinge', expected bce or lsgan"):
        AdversarialLoss("hinge")
    for labels in ((1.0, 0.8), (0.0, 1.0), (0.9, 1.1)):
        with pytest.raises(UserError, match=r"model.real_label: found"):
            AdversarialLoss("bce", *labels)
    for batches in ((0, 1), (1, -1)):
        with pytest.raises(UserError, match=r"model.alternation: found"):
            Alternation(*batches)

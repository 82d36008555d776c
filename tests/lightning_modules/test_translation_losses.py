"""Masked losses of translation."""

import pytest
import torch
from pytorch_msssim import ssim as other_ssim
from torch.nn import functional

from errors import UserError
from lightning_modules.translation_losses import TranslationLoss, masked_mean, ssim


def images(side: int = 24, bands: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(3, bands, side, side, generator=generator) * 2 - 0.5
    prediction = target + 0.2 * torch.randn(target.shape, generator=generator)
    return prediction, target, torch.ones(3, 1, side, side, dtype=torch.bool)


def test_ssim_equals_another_implementation_image_by_image():
    prediction, target, valid = images()
    expected = other_ssim(prediction, target, data_range=1.0, size_average=False)
    assert torch.allclose(ssim(prediction, target, valid), expected, atol=1e-5)
    assert torch.allclose(ssim(target, target, valid), torch.ones(3))


@pytest.mark.parametrize("name", ["smooth_l1", "l1", "mse", "charbonnier"])
def test_reconstruction_is_taken_on_the_scale_of_the_networks(name):
    prediction, target, valid = images()
    difference = 2 * (prediction - target)
    expected = {
        "smooth_l1": functional.smooth_l1_loss(2 * prediction - 1, 2 * target - 1),
        "l1": difference.abs().mean(),
        "mse": difference.square().mean(),
        "charbonnier": (difference.square() + 1e-6).sqrt().mean(),
    }[name]
    terms = TranslationLoss(name, 100.0)(prediction, target, valid)
    assert list(terms) == ["loss", "reconstruction"]
    assert torch.allclose(terms["reconstruction"], expected, rtol=1e-5)
    assert torch.allclose(terms["loss"], 100 * expected, rtol=1e-5)


def test_ssim_joins_the_loss_where_it_has_weight():
    prediction, target, valid = images()
    terms = TranslationLoss("l1", 2.0, ssim_weight=10.0)(prediction, target, valid)
    expected = 2 * terms["reconstruction"] + 10 * (1 - ssim(prediction, target, valid).mean())
    assert torch.allclose(terms["loss"], expected)


@pytest.mark.parametrize("weights", [{"ssim_weight": 0.0}, {"ssim_weight": 1.0}])
def test_what_is_not_valid_has_no_effect_and_gets_no_gradient(weights):
    prediction, target, valid = images()
    valid[0, :, 3:9] = False
    valid[1] = False
    loss = TranslationLoss("l1", **weights)
    values = []
    for filler in (float("nan"), 7.0):
        holed = torch.where(valid, target, filler)
        guess = torch.where(valid, prediction, 3 * filler if filler == 7.0 else 1.0).requires_grad_()
        value = loss(guess, holed, valid)["loss"]
        value.backward()
        values.append(float(value.detach()))
        assert torch.isfinite(guess.grad).all()
        assert float(guess.grad[~valid.expand_as(guess)].abs().max()) == 0
    assert values[0] == pytest.approx(values[1])
    assert torch.equal(ssim(prediction, target, valid)[1], torch.tensor(1.0))


def test_only_whole_windows_of_valid_pixels_count_for_ssim():
    prediction, target, valid = images()
    valid[..., 12:] = False
    expected = other_ssim(prediction[..., :12], target[..., :12], data_range=1.0, size_average=False)
    assert torch.allclose(ssim(prediction, target, valid), expected, atol=1e-5)


def test_masked_mean_of_nothing_is_zero():
    values = torch.tensor([[[[1.0, 2.0, 4.0]]]])
    assert float(masked_mean(values, torch.tensor([[[[True, False, True]]]]))) == 2.5
    assert float(masked_mean(values, torch.zeros(1, 1, 1, 3, dtype=torch.bool))) == 0


def test_reduced_precision_is_left_before_the_loss():
    prediction, target, valid = images()
    with torch.autocast("cpu", torch.bfloat16):
        terms = TranslationLoss("smooth_l1", ssim_weight=1.0)(prediction.bfloat16(), target, valid)
        bare = ssim(prediction, target, valid)
    exact = TranslationLoss("smooth_l1", ssim_weight=1.0)(prediction.bfloat16().float(), target, valid)
    assert torch.equal(bare, ssim(prediction, target, valid))
    assert all(torch.equal(terms[name], exact[name]) for name in exact)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reconstruction": "l2"}, "reconstruction.loss: found 'l2', expected one of smooth_l1, l1"),
        ({"weight": -1.0}, "reconstruction.weight: found -1.0"),
        ({"ssim_weight": -0.5}, "ssim_weight: found -0.5"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(UserError, match=words):
        TranslationLoss(**options)


def test_an_image_smaller_than_the_window():
    prediction, target, valid = images(side=10)
    with pytest.raises(UserError, match="found 10x10 pixels, expected at least 11 a side for SSIM"):
        ssim(prediction, target, valid)

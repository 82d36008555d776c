"""Figures of a validation."""

import math

import pytest
import torch

from lightning_modules.translation_losses import TranslationLoss, ssim
from lightning_modules.translation_validation import ValidationSums


def images(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(count, 2, 16, 16, generator=generator)
    noise = torch.arange(1, count + 1).view(-1, 1, 1, 1) / 10
    valid = torch.rand(count, 1, 16, 16, generator=generator) > 0.01
    return target + noise, target, valid


def test_figures_are_of_all_pixels_at_once_whatever_the_batches():
    prediction, target, valid = images(5)
    loss = TranslationLoss("l1")
    outcomes = []
    for size in (5, 2):
        sums = ValidationSums()
        for part in zip(prediction.split(size), target.split(size), valid.split(size), strict=True):
            sums.add(loss, *part)
        outcomes.append(sums.means())
    assert list(outcomes[0]) == ["loss", "reconstruction", "mse", "psnr", "ssim"]
    for name, value in outcomes[0].items():
        assert float(value) == pytest.approx(float(outcomes[1][name]), rel=1e-5), name
    mask = valid.expand_as(target)
    mse = float((prediction - target)[mask].square().mean())
    assert float(outcomes[0]["mse"]) == pytest.approx(mse, rel=1e-5)
    assert float(outcomes[0]["psnr"]) == pytest.approx(-10 * math.log10(mse), rel=1e-5)
    assert float(outcomes[0]["reconstruction"]) == pytest.approx(
        2 * float((prediction - target)[mask].abs().mean()), rel=1e-5
    )
    assert float(outcomes[0]["ssim"]) == pytest.approx(
        float(ssim(prediction, target, valid).mean()), rel=1e-5
    )


def test_what_is_not_valid_may_be_anything():
    prediction, target, valid = images(2)
    sums, holed = ValidationSums(), ValidationSums()
    sums.add(TranslationLoss(), prediction, target, valid)
    holed.add(TranslationLoss(), prediction, torch.where(valid, target, torch.nan), valid)
    assert all(torch.equal(sums.means()[name], value) for name, value in holed.means().items())


def test_nothing_has_no_figures_and_equality_is_100_db():
    assert ValidationSums().means() == {}
    _, target, valid = images(1)
    sums = ValidationSums()
    sums.add(TranslationLoss(), target, target, valid)
    assert float(sums.means()["psnr"]) == pytest.approx(100)

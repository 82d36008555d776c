"""The rate-distortion loss against numbers worked out by hand."""

import math

import pytest
import torch

from errors import UserError
from lightning_modules.rate_distortion_loss import (
    PUBLISHED_LAMBDAS,
    RateDistortionLoss,
    estimated_bits,
    masked_mse,
)

VALID = torch.ones(2, 1, 4, 8, dtype=torch.bool)


def test_loss_of_known_error_and_rate() -> None:
    image = torch.zeros(2, 5, 4, 8)
    # half a bit for each of the 2 x 12 symbols of one latent, 3 bits for each of 2 x 1 of the other
    likelihoods = {"y": torch.full((2, 3, 2, 2), 2**-0.5), "z": torch.full((2, 1, 1, 1), 2**-3)}
    terms = RateDistortionLoss("mse", lmbda=0.01)(image, image + 0.1, likelihoods, VALID)
    rate = (24 * 0.5 + 2 * 3) / (2 * 4 * 8)
    assert terms["mse"] == pytest.approx(0.01)
    assert terms["bits_per_pixel"] == pytest.approx(rate)
    assert terms["bits_per_pixel_per_band"] == pytest.approx(rate / 5)
    assert terms["loss"] == pytest.approx(0.01 * 255**2 * 0.01 + rate, rel=1e-5)
    assert estimated_bits(likelihoods).tolist() == pytest.approx([9, 9])


def test_lambda_follows_the_quality_as_published_unless_given() -> None:
    assert RateDistortionLoss("mse", quality=1).lmbda == 0.0018
    assert RateDistortionLoss("mse", quality=8).lmbda == 0.18
    assert RateDistortionLoss("ms-ssim", quality=4).lmbda == 16.64
    assert RateDistortionLoss("mse", quality=8, lmbda=0.01).lmbda == 0.01
    for lambdas in PUBLISHED_LAMBDAS.values():
        assert list(lambdas) == list(range(1, 9))
        assert sorted(lambdas.values()) == list(lambdas.values())


def test_pixels_that_are_not_valid_cause_no_distortion() -> None:
    image, reconstruction = torch.zeros(2, 3, 4, 8), torch.zeros(2, 3, 4, 8)
    valid = VALID.clone()
    valid[:, :, :2] = False
    reconstruction[:, :, :2] = 1e6
    reconstruction[:, :, 2:] = 0.5
    assert masked_mse(image, reconstruction, valid) == pytest.approx(0.25)
    assert masked_mse(image, reconstruction, torch.zeros_like(valid)) == 0


def test_ms_ssim_counts_similarity_and_ignores_what_is_not_valid() -> None:
    image = torch.rand(1, 3, 176, 176, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(1, 1, 176, 176, dtype=torch.bool)
    likelihoods = {"y": torch.ones(1, 1)}
    loss = RateDistortionLoss("ms-ssim", lmbda=10)
    perfect = loss(image, image, likelihoods, valid)
    assert perfect["ms_ssim"] == pytest.approx(1)
    assert perfect["loss"] == pytest.approx(0, abs=1e-4)
    worse = loss(image, image * 0.5, likelihoods, valid)
    assert worse["loss"] == pytest.approx(10 * (1 - float(worse["ms_ssim"])), rel=1e-4)
    assert worse["ms_ssim"] < 0.9
    assert loss(image, image * 0.5, likelihoods, ~valid)["ms_ssim"] == pytest.approx(1)


def test_autocast_does_not_reach_the_loss() -> None:
    image = torch.rand(1, 1, 64, 64)
    likelihoods = {"y": torch.full((1, 4, 4, 4), 0.9)}
    loss = RateDistortionLoss("mse", quality=1)
    valid = torch.ones(1, 1, 64, 64, dtype=torch.bool)
    exact = loss(image, image + 0.01, likelihoods, valid)["loss"]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss(image, image + 0.01, likelihoods, valid)["loss"], exact)
    assert math.isfinite(exact)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"distortion": "psnr"}, "expected one of mse, ms-ssim"),
        ({"lmbda": 0.0}, "expected a positive number"),
    ],
)
def test_bad_input(arguments: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        RateDistortionLoss(**arguments)


def test_ms_ssim_of_small_images_is_refused() -> None:
    image = torch.zeros(1, 3, 128, 128)
    with pytest.raises(UserError, match="at least 161 pixels a side, found 128 x 128"):
        RateDistortionLoss("ms-ssim")(image, image, {"y": torch.ones(1, 1)}, image[:, :1] == 0)

"""Figures of a validation are those of all valid values at once."""

import pytest
import torch

from lightning_modules.super_resolution_validation import ValidationSums, masked_error


def test_figures_do_not_depend_on_batches_and_ignore_what_is_not_valid() -> None:
    generator = torch.Generator().manual_seed(0)
    prediction, target, bicubic = (torch.rand(5, 2, 6, 7, generator=generator) * 9000 for _ in range(3))
    valid = torch.rand(5, 2, 6, 7, generator=generator) > 0.3
    target[~valid] = torch.nan
    expected = {
        "loss": (prediction - target)[valid].abs().mean() / 2000,
        "rmse": (prediction - target)[valid].square().mean().sqrt(),
        "rmse_bicubic": (bicubic - target)[valid].square().mean().sqrt(),
    }
    for sizes in ([5], [1, 4], [2, 3]):
        sums, start = ValidationSums(2000.0), 0
        for size in sizes:
            part = slice(start, start := start + size)
            sums.add(prediction[part], target[part], valid[part], bicubic[part])
        means = sums.means()
        assert means.keys() == expected.keys()
        assert all(means[name] == pytest.approx(float(expected[name]), rel=1e-5) for name in expected)


def test_nothing_valid_gives_no_figures() -> None:
    sums, image = ValidationSums(1.0), torch.zeros(1, 1, 2, 2)
    assert sums.means() == {}
    sums.add(image, image, image > 0)
    assert sums.means() == {}


def test_no_gradient_comes_from_where_it_is_not_valid() -> None:
    prediction = torch.ones(1, 1, 1, 2, requires_grad=True)
    target, valid = torch.tensor([[[[0.0, torch.nan]]]]), torch.tensor([[[[True, False]]]])
    masked_error(prediction, target, valid).abs().sum().backward()
    assert prediction.grad is not None and prediction.grad.tolist() == [[[[1.0, 0.0]]]]

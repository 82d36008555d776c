"""DSen2 as published: sizes, initial weights, the sum at its end."""

from typing import Any

import pytest
import torch
from torch.nn import functional

from errors import UserError
from networks.dsen2 import DSen2, build_super_resolution_network


@pytest.mark.parametrize(
    ("name", "in_channels", "parameters"),
    [
        ("dsen2", [4, 6], 1_789_574),
        ("dsen2", [4, 6, 2], 1_787_266),
        ("vdsen2", [4, 6], 37_802_246),
        ("vdsen2", [4, 6, 2], 37_797_634),
        ("dsen2", [1, 10], 1_795_338),
        ("dsen2", [3, 9], 1_795_337),
        ("dsen2", [2, 7], 1_789_575),
        ("dsen2", [2, 7, 18], 1_822_994),
    ],
)
def test_as_many_parameters_as_published(name: str, in_channels: list[int], parameters: int) -> None:
    with torch.device("meta"):
        network = build_super_resolution_network(name, in_channels, {"features": None, "blocks": None})
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert network.receptive_radius == {"dsen2": 14, "vdsen2": 66}[name]


def test_kernels_are_he_uniform_and_biases_zero() -> None:
    torch.manual_seed(0)
    network = DSen2([4, 6], features=32, blocks=1)
    for convolution in network.convolutions():
        limit = (6 / (9 * convolution.in_channels)) ** 0.5
        assert 0.97 * limit < convolution.weight.abs().max() <= limit
        assert convolution.weight.std().item() == pytest.approx(limit / 3**0.5, rel=0.05)
        assert convolution.bias is not None and not convolution.bias.any()


def test_it_is_the_published_function() -> None:
    torch.manual_seed(1)
    network = DSen2([2, 3], features=5, blocks=2, residual_scale=0.1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    fine, coarse = torch.rand(2, 2, 9, 11), torch.rand(2, 3, 9, 11)
    weights = [(c.weight, c.bias) for c in network.convolutions()]
    assert len(weights) == 6

    def apply(x: torch.Tensor, index: int) -> torch.Tensor:
        return functional.conv2d(x, *weights[index], padding=1)

    x = apply(torch.cat([fine, coarse], 1), 0).clamp(min=0)
    for first in (1, 3):
        x = x + 0.1 * apply(apply(x, first).clamp(min=0), first + 1)
    expected = apply(x, 5) + coarse
    given = fine.clone(), coarse.clone()
    assert torch.allclose(network([fine, coarse]), expected, atol=1e-6)
    with torch.inference_mode():
        assert torch.allclose(network([fine[:, :1], fine[:, 1:], coarse]), expected, atol=1e-6)
    assert torch.equal(fine, given[0]) and torch.equal(coarse, given[1])


def test_training_may_start_from_the_last_group_as_it_came() -> None:
    for name in ("dsen2", "vdsen2"):
        options = {"features": 4, "blocks": 1, "zero_tail": True}
        network = build_super_resolution_network(name, [2, 3], options)
        fine, coarse = torch.rand(1, 2, 8, 8), torch.rand(1, 3, 8, 8)
        output = network([fine, coarse])
        assert torch.equal(output, coarse)
        output.sum().backward()
        assert network.get_parameter("tail.weight").grad is not None
        assert network.get_parameter("tail.weight").grad.any()  # type: ignore[union-attr]


def test_an_output_depends_on_its_receptive_radius_and_no_more() -> None:
    network = DSen2([1, 1], features=4, blocks=1).double()
    inputs = [torch.rand(1, 1, 21, 21, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    network(inputs)[0, 0, 10, 10].backward()
    assert inputs[0].grad is not None
    touched = inputs[0].grad[0, 0].nonzero()
    assert touched.min() == 10 - network.receptive_radius == 6
    assert touched.max() == 14


def test_the_sum_is_taken_in_float32_where_convolutions_are_not() -> None:
    network = DSen2([1, 1], features=4, blocks=1)
    torch.nn.init.zeros_(network.tail.weight)
    coarse = torch.rand(1, 1, 8, 8)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(network([coarse, coarse]), coarse)
    with torch.no_grad():
        assert torch.equal(network.bfloat16()([coarse, coarse]), coarse)


@pytest.mark.parametrize(
    ("name", "in_channels", "options", "words"),
    [
        ("dsen3", [4, 6], {}, "did you mean 'dsen2'"),
        (
            "dsen2",
            [4, 6],
            {"width": 3},
            "found 'width', dsen2 has features, blocks, residual_scale, zero_tail",
        ),
        ("dsen2", [], {}, r"in_channels: found \[\]"),
        ("dsen2", [4, 0], {}, r"in_channels: found \[4, 0\]"),
        ("dsen2", [4, 6], {"features": 0}, "features: found 0, expected at least 1"),
        ("dsen2", [4, 6], {"blocks": -1}, "blocks: found -1"),
    ],
)
def test_bad_options(name: str, in_channels: list[int], options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        build_super_resolution_network(name, in_channels, options)


def test_other_groups_than_it_was_made_for() -> None:
    network = DSen2([1, 2], features=2, blocks=0)
    x = torch.rand(1, 1, 4, 4)
    with pytest.raises(UserError, match=r"groups of \[1, 1\] bands, expected 3 together and 2 in the last"):
        network([x, x])
    with pytest.raises(UserError, match="expected the 2 bands of the last group"):
        DSen2([1, 2], 3)

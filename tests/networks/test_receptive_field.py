import pytest
import torch
from torch import nn

from networks.compression import CODECS, build_codec
from networks.receptive_field import input_range, margin


def measured_range(module: nn.Module, channels: int, cells: int, low: int, high: int) -> tuple[int, int]:
    """Rows of the input that change output rows low to high, found by derivative."""
    image = torch.rand(1, channels, cells, cells, requires_grad=True)
    output = module(image)
    output[:, :, low : high + 1].abs().sum().backward()
    assert image.grad is not None
    rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero().ravel()
    return int(rows.min()), int(rows.max())


@pytest.mark.parametrize("name", list(CODECS))
def test_ranges_hold_what_derivatives_find(name: str) -> None:
    torch.manual_seed(0)
    network = build_codec(name, 1, 2, **({"N": 4} if name.startswith("cheng") else {"N": 4, "M": 4}))
    network = network.double().train(False)
    torch.set_default_dtype(torch.float64)
    try:
        cases = [(network.g_a, 2, 512, 16, 16), (network.g_s, 4, 40, 20 * 16, 20 * 16 + 15)]
        if hasattr(network, "h_a"):
            cases += [(network.h_a, 4, 128, 16, 16), (network.h_s, 4, 32, 16 * 4, 16 * 4 + 3)]
        for module, channels, cells, low, high in cases:
            first, last = measured_range(module, channels, cells, low, high)
            expected = input_range(module, low, high)
            assert expected[0] <= first and last <= expected[1], "context that is needed would be missing"
            # Dead units may hide the outermost cells, but the bound is not a wild one.
            assert last - first >= 0.75 * (expected[1] - expected[0])
    finally:
        torch.set_default_dtype(torch.float32)


def test_margins_of_the_balle_transforms() -> None:
    """Four 5 x 5 layers of stride 2: 2 + 4 + 8 + 16 = 30 pixels to the left of the first pixel of a cell."""
    network = build_codec("bmshj2018-hyperprior", 1, 3, N=4, M=4)
    assert input_range(network.g_a, 0, 0) == (-30, 30)
    assert margin(network.g_a, 16, 16) == 32
    assert margin(network.g_s, 16, 1, upsampling=True) == 2
    assert margin(network.h_a, 4, 4) == 8
    assert margin(network.h_s, 4, 1, upsampling=True) == 2


def test_unknown_layers_are_refused() -> None:
    with pytest.raises(TypeError, match="Linear is not known"):
        input_range(nn.Linear(3, 3), 0, 0)
    with pytest.raises(TypeError, match="'same' padding"):
        input_range(nn.Conv2d(3, 3, 3, padding="same"), 0, 0)

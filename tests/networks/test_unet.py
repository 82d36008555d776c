"""The compact U-Net."""

import itertools

import pytest
import torch
from torch import nn

from errors import UserError
from networks.unet import UNet


@pytest.mark.parametrize(
    ("normalisation", "upsampling", "head"),
    [
        *itertools.product(
            ("batch", "instance", "group", "none"), ("bilinear", "transposed"), ("direct", "mix")
        )
    ],
)
def test_every_combination_keeps_the_size_and_learns(normalisation, upsampling, head):
    torch.manual_seed(0)
    network = UNet(4, 3, base_width=4, depth=3, normalisation=normalisation, upsampling=upsampling, head=head)
    output = network(torch.randn(2, 4, 16, 24))
    assert output.shape == (2, 3, 16, 24)
    output.sum().backward()
    assert float(network.output.weight.grad.abs().max()) > 0


@pytest.mark.parametrize("depth", [1, 2, 6])
def test_any_depth(depth):
    network = UNet(1, 2, base_width=2, depth=depth).eval()
    assert network.multiple == 2 ** (depth - 1)
    assert network(torch.zeros(1, 1, 32, 64)).shape == (1, 2, 32, 64)


def test_widths_double_up_to_the_largest():
    network = UNet(3, 3, base_width=8, depth=5, largest_width=40)
    assert [block[0].out_channels for block in network.down] == [8, 16, 32, 40, 40]
    count = sum(parameter.numel() for parameter in UNet(6, 3).parameters())
    assert 0.8e6 < count < 2e6  # the default stays compact


def test_mixing_starts_grey_and_weighs_the_input_pixel_by_pixel():
    network = UNet(2, 1, base_width=4, depth=2).eval()
    image = torch.randn(1, 2, 8, 8)
    assert float(network(image).abs().max()) == 0
    with torch.no_grad():
        network.output.bias.copy_(torch.tensor([0.5, -2.0, 0.25]))  # weights of the two channels, offset
    assert torch.allclose(network(image)[0, 0], 0.5 * image[0, 0] - 2 * image[0, 1] + 0.25, atol=1e-6)


def test_mixing_keeps_bands_apart():
    network = UNet(2, 2, base_width=4, depth=1).eval()
    with torch.no_grad():
        network.output.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 3.0]))
    image = torch.randn(1, 2, 4, 4)
    assert torch.allclose(network(image), image + torch.tensor([0.0, 3.0]).view(1, 2, 1, 1), atol=1e-6)


def test_the_network_sees_beyond_the_pixel():
    network = UNet(1, 1, base_width=4, depth=4, head="direct").eval()
    image = torch.randn(1, 1, 64, 64, requires_grad=True)
    network(image)[0, 0, 32, 32].backward()
    seen = (image.grad[0, 0].abs() > 0).nonzero()
    assert int((seen.max(0).values - seen.min(0).values).min()) >= 40


def test_dropout_is_for_training_only():
    network = UNet(1, 1, base_width=4, depth=2, dropout=0.5, head="direct")
    assert any(isinstance(layer, nn.Dropout2d) and layer.p == 0.5 for layer in network.modules())
    image = torch.randn(2, 1, 8, 8)
    assert not torch.equal(network(image), network(image))
    network.eval()
    assert torch.equal(network(image), network(image))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"depth": 0}, "network_options.depth: found 0, expected at least 1"),
        ({"base_width": 2.5}, "network_options.base_width: found 2.5"),
        ({"head": "affine"}, "network_options.head: found 'affine', expected direct or mix"),
        ({"upsampling": "nearest"}, "network_options.upsampling: found 'nearest'"),
        ({"normalisation": "layer"}, "normalisation: found 'layer'"),
    ],
)
def test_impossible_options(options, words):
    with pytest.raises(UserError, match=words):
        UNet(1, 1, **options)

"""The published U-Net, held to the published numbers."""

import pytest
import torch
from torch import nn

from errors import UserError
from networks.unet_generator import PUBLISHED_FILTERS, PublishedUNet

CAPPED = (64, 128, 256, 512, 512, 512, 512, 512)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("bands", "filters", "count"),
    [
        ((6, 3), PUBLISHED_FILTERS, 155_224_337),
        ((9, 3), PUBLISHED_FILTERS, 155_227_409),
        ((3, 3), PUBLISHED_FILTERS, 155_221_265),
        ((3, 5), CAPPED, 51_402_643),
        ((5, 3), CAPPED, 51_403_537),
    ],
)
def test_published_parameter_counts(bands, filters, count):
    with torch.device("meta"):
        assert parameters(PublishedUNet(*bands, filters=filters)) == count


def test_published_maps_halve_down_to_one_pixel():
    network = PublishedUNet(6, 3, filters=[4] * 8).eval()
    sides, image = [], torch.zeros(1, 6, 256, 256)
    assert network(image).shape == (1, 3, 256, 256)
    for block in network.encoder:
        image = block(image)
        sides.append(image.shape[-1])
    assert sides == [128, 64, 32, 16, 8, 4, 2, 1]


def test_published_widths():
    with torch.device("meta"):
        network = PublishedUNet(6, 3)
    assert [block[0].out_channels for block in network.encoder] == list(PUBLISHED_FILTERS)
    widths = [block[0].out_channels for block in network.decoder]
    assert widths == [1024, 1024, 1024, 512, 256, 128, 64, 64]
    assert (network.multiple, network.smallest_side) == (128, 256)


def test_layers_stand_in_the_published_order():
    network = PublishedUNet(2, 1, filters=(4, 4, 4, 4, 4))
    order = [[type(layer).__name__ for layer in block] for block in (*network.encoder, *network.decoder)]
    inner = ["Conv2d", "BatchNorm2d", "PReLU"]
    dropped = ["ConvTranspose2d", "BatchNorm2d", "Dropout", "PReLU"]
    assert order == [
        ["Conv2d"], inner, inner, inner, inner,
        dropped, dropped, dropped, ["ConvTranspose2d", "BatchNorm2d", "PReLU"], ["ConvTranspose2d"],
    ]  # fmt: skip
    assert network.decoder[0][2].p == 0.4
    assert network.encoder[-1][0].stride == (1, 1)
    assert (network.decoder[0][0].kernel_size, network.decoder[0][0].stride) == ((2, 2), (1, 1))
    slopes = {layer.num_parameters for layer in network.modules() if isinstance(layer, nn.PReLU)}
    assert slopes == {1}
    assert isinstance(network.output, nn.Conv2d)


def test_weights_are_xavier_and_biases_zero():
    torch.manual_seed(0)
    network = PublishedUNet(3, 3, filters=(16, 32, 64))
    layer = network.encoder[1][0]
    expected = (2 / (16 * 16 + 32 * 16)) ** 0.5
    assert float(layer.weight.std()) == pytest.approx(expected, rel=0.03)
    assert all(
        float(layer.bias.abs().max()) == 0 for layer in network.modules() if isinstance(layer, nn.Conv2d)
    )


def test_building_leaves_the_options_alone_and_can_be_repeated():
    filters = [4, 8, 8]
    shapes = [
        [tuple(tensor.shape) for tensor in PublishedUNet(6, 3, filters=filters).state_dict().values()]
        for _ in range(2)
    ]
    assert filters == [4, 8, 8]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(("depth", "sides"), [(2, (8, 6)), (3, (8, 12)), (6, (64, 96))])
def test_any_depth_and_any_multiple(depth, sides):
    network = PublishedUNet(2, 3, filters=[4] * depth)
    assert network(torch.randn(2, 2, *sides)).shape == (2, 3, *sides)
    assert all(side % network.multiple == 0 and side >= network.smallest_side for side in sides)


def test_what_cannot_be_trained_or_built_is_refused():
    network = PublishedUNet(1, 1, filters=(4, 4, 4))
    with pytest.raises(UserError, match=r"data.batch_size: found 1, expected at least 2"):
        network(torch.zeros(1, 1, 8, 8))
    assert network.eval()(torch.zeros(1, 1, 8, 8)).shape == (1, 1, 8, 8)
    with pytest.raises(UserError, match="found \\[4\\], expected at least two levels"):
        PublishedUNet(1, 1, filters=[4])
    with pytest.raises(UserError, match="found 1 widths, expected 2, one per level"):
        PublishedUNet(1, 1, filters=[4, 4], decoder_filters=[4])

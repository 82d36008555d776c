"""The contract that every segmentation network keeps: one base class, a subclass for each."""

import re
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from errors import UserError
from networks.segmentation import SEGMENTATION_NETWORKS, build_segmentation_network
from networks.segmenter import DROPOUTS

SMALL = {"encoder_name": "tu-resnet10t"}  # timm's smallest of its kind


class Contract:
    """What a network has to do; subclasses name it."""

    name: ClassVar[str]
    options: ClassVar[dict[str, Any]] = SMALL
    parameters: ClassVar[int]  # with 15 bands, 4 classes and the default encoder, resnet34
    multiple: ClassVar[int]
    dropouts: ClassVar[int]

    def build(self, bands: int = 3, classes: int = 4, **options: Any) -> nn.Module:
        torch.manual_seed(0)
        network, multiple = build_segmentation_network(self.name, bands, classes, {**self.options, **options})
        assert multiple == self.multiple
        return network

    def test_the_published_number_of_parameters(self) -> None:
        with torch.device("meta"):
            network, multiple = build_segmentation_network(self.name, 15, 4)
        assert sum(parameter.numel() for parameter in network.parameters()) == self.parameters
        assert multiple == self.multiple

    @pytest.mark.parametrize(("bands", "classes"), [(1, 2), (15, 7)])
    def test_any_number_of_bands_and_classes(self, bands: int, classes: int) -> None:
        network = self.build(bands, classes).eval()
        height, width = self.multiple, 2 * self.multiple
        with torch.no_grad():
            assert network(torch.rand(2, bands, height, width)).shape == (2, classes, height, width)

    def test_dropout_is_there_and_samples_differ(self) -> None:
        network = self.build(dropout=0.3)
        layers = [layer for layer in network.modules() if isinstance(layer, DROPOUTS)]
        assert [layer.p for layer in layers] == [0.3] * self.dropouts
        image = torch.rand(1, 3, 64, 64)
        network.eval()
        with torch.no_grad():
            still = network(image)
            for layer in layers:
                layer.train()
            samples = torch.stack([network(image) for _ in range(4)])
        assert samples.std(0).mean() > 1e-3 * still.std()
        silent = self.build(dropout=0.0).train()
        assert all(layer.p == 0 for layer in silent.modules() if isinstance(layer, DROPOUTS))

    def test_every_parameter_learns_even_from_a_single_image(self) -> None:
        network = self.build(dropout=0.0).train()
        network(torch.rand(1, 3, 64, 64)).square().mean().backward()
        without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
        assert not without
        assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())  # type: ignore[arg-type]

    def test_a_state_dict_makes_the_same_network_again(self) -> None:
        first, second = self.build().train(), self.build(classes=4)
        first(torch.rand(2, 3, 64, 64))  # moves the statistics of batch norms
        for parameter in second.parameters():
            nn.init.constant_(parameter, 0.1)
        second.load_state_dict(first.state_dict())
        image = torch.rand(1, 3, 64, 96)
        with torch.no_grad():
            assert torch.equal(first.eval()(image), second.eval()(image))

    def test_the_same_seed_gives_the_same_network_and_outputs(self) -> None:
        image = torch.rand(1, 3, 64, 64)
        with torch.no_grad():
            first, second = (self.build().eval()(image) for _ in range(2))
        assert torch.equal(first, second)


class TestSegNet(Contract):
    name, options, parameters, multiple, dropouts = "segnet", {"widths_down": [4, 8, 8, 8], "widths_up": [8, 8, 4, 4]}, 790_020, 16, 1  # fmt: skip


class TestDeepLabV3Plus(Contract):
    name, parameters, multiple, dropouts = "deeplabv3", 22_475_860, 16, 1


class TestUnet(Contract):
    name, parameters, multiple, dropouts = "unet", 24_474_436, 32, 4


class TestUnetPlusPlus(Contract):
    name, parameters, multiple, dropouts = "unetplusplus", 26_116_676, 32, 10


class TestFPN(Contract):
    name, parameters, multiple, dropouts = "fpn", 23_193_412, 32, 1


class TestPSP(Contract):
    name, parameters, multiple, dropouts = "psp", 21_489_444, 8, 1


def test_there_is_a_contract_for_every_network() -> None:
    assert {each.name for each in Contract.__subclasses__()} == set(SEGMENTATION_NETWORKS)


@pytest.mark.parametrize(
    ("name", "options", "multiple"),
    [
        ("unet", {"encoder_depth": 4}, 16),
        ("unetplusplus", {"encoder_depth": 3}, 8),
        ("psp", {"encoder_depth": 4}, 16),
        ("unet", {"encoder_depth": 3, "decoder_channels": [16, 8, 8]}, 8),
        ("unet", {"encoder_name": "resnet18", "decoder_attention_type": "scse"}, 32),
        ("unet", {"encoder_name": "mobilenet_v2"}, 32),
        ("fpn", {"encoder_name": "timm-efficientnet-b0"}, 32),
        ("unet", {"encoder_name": "tu-convnext_atto"}, 32),
        ("segnet", {"encoder_name": "resnet18", "encoder_weights": None, "dropout": None}, 16),
    ],
)
def test_options_of_the_library(name: str, options: dict[str, Any], multiple: int) -> None:
    network, found = build_segmentation_network(name, 5, 2, {**SMALL, **options})
    assert found == multiple
    with torch.no_grad():
        assert network.eval()(torch.rand(1, 5, multiple, multiple)).shape == (1, 2, multiple, multiple)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("unett", {}, "model.network: found 'unett', expected one of segnet, deeplabv3, unet, unetplusplus, fpn, psp; did"),
        ("unet", {"encoder_name": "resnet19"}, "encoder_name: found 'resnet19'"),
        ("unet", {"encoder_name": "tu-nothing"}, "model.network=unet with encoder tu-nothing: "),
        ("unet", {"encoder_nam": "x"}, "found 'encoder_nam', unet has encoder_name"),
        ("segnet", {"decoder_channels": [1]}, "found 'decoder_channels', segnet has widths_down, widths_up, dropout"),
        ("unet", {"dropout": 1.0}, "model.network_options.dropout: found 1.0, expected a number from 0 to below 1"),
        ("unet", {"decoder_channels": [8, 8]}, "model.network=unet with encoder resnet34: "),
        ("unet", {"encoder_weights": "nowhere/encoder.pt"}, "nowhere/encoder.pt: there is no such file"),
        ("unet", {"encoder_weights": "imagenette"}, "model.network=unet with encoder resnet34: Wrong pretrained weights"),
        ("fpn", {"encoder_depth": 2}, "model.network=fpn with encoder resnet34: "),
    ],
)  # fmt: skip
def test_bad_options(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)) as caught:
        build_segmentation_network(name, 3, 2, options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("bands", "classes"), [(0, 2), (3, 0)])
def test_a_network_of_nothing(bands: int, classes: int) -> None:
    with pytest.raises(UserError, match="expected at least one of each"):
        build_segmentation_network("unet", bands, classes)

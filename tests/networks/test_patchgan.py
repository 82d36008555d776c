"""The patch discriminator, held to the numbers of the published ones."""

import pytest
import torch
from torch import nn

from errors import UserError
from networks.patchgan import PatchGAN


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("channels", "count"), [(9, 2_772_673), (8, 2_771_649), (6, 2_769_601)])
def test_published_parameter_counts(channels, count):
    with torch.device("meta"):
        assert parameters(PatchGAN(channels)) == count


def test_the_one_of_cyclegan_has_its_tensors_by_name():
    network = PatchGAN(3, normalisation="instance", initialisation="normal")
    assert parameters(network) == 2_764_737
    names = {f"model.{number}.{kind}" for number in (0, 2, 5, 8, 11) for kind in ("weight", "bias")}
    assert set(network.state_dict()) == names
    assert float(network.model[5].weight.detach().std()) == pytest.approx(0.02, rel=0.02)
    assert float(network.model[5].bias.abs().max()) == 0


def test_published_patches_of_an_image_of_256_pixels():
    network = PatchGAN(9, filters=(4, 4, 4, 4, 1))
    logits = network(torch.randn(2, 9, 256, 256))
    assert logits.shape == (2, 1, 30, 30)
    assert not isinstance(network.model[-1], nn.Sigmoid)
    assert float(logits.min()) < 0  # logits, not probabilities


def test_the_fusion_variant():
    strides = (2, 2, 2, 2, 1)
    narrow = PatchGAN(2, filters=(2, 2, 2, 2, 1), strides=strides)
    assert narrow(torch.zeros(1, 2, 256, 256)).shape == (1, 1, 15, 15)
    with torch.device("meta"):
        network = PatchGAN(12, filters=(128, 256, 512, 512, 1), strides=strides)
    assert [layer.out_channels for layer in network.model if isinstance(layer, nn.Conv2d)] == [
        128, 256, 512, 512, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(("options", "side"), [({}, 24), ({"filters": (4, 4, 1), "strides": (2, 1, 1)}, 6)])
def test_the_smallest_image_has_one_patch(options, side):
    network = PatchGAN(3, normalisation="none", **options)
    assert network.smallest_side == side
    assert network(torch.zeros(1, 3, side, side)).shape == (1, 1, 1, 1)
    with pytest.raises(
        UserError, match=f"data.patch_size: found {side - 1}x64 pixels, expected at least {side}"
    ):
        network(torch.zeros(1, 3, side - 1, 64))


def test_a_batch_norm_and_leaky_relus_stand_where_published():
    kinds = [type(layer).__name__ for layer in PatchGAN(9, filters=(4, 4, 4, 4, 1)).model]
    inner = ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert kinds == ["Conv2d", "LeakyReLU", *inner, *inner, *inner, "Conv2d"]


def test_bad_options():
    with pytest.raises(UserError, match="found 5 filters and 2 strides"):
        PatchGAN(3, strides=(2, 1))
    with pytest.raises(
        UserError, match="initialisation: found 'zero', expected one of xavier, normal, default"
    ):
        PatchGAN(3, initialisation="zero")
    with pytest.raises(UserError, match="normalisation: found 'spectral'"):
        PatchGAN(3, normalisation="spectral")

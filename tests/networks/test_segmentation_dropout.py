"""Dropout in decoders that have none: where, and under which names."""

import pytest
import segmentation_models_pytorch as smp
import torch
from torch import nn

from errors import UserError
from networks.segmentation_dropout import add_decoder_dropout


@pytest.mark.parametrize(("architecture", "count"), [(smp.Unet, 5), (smp.UnetPlusPlus, 11)])
def test_after_every_block_but_the_finest_and_no_tensor_is_renamed(
    architecture: type[nn.Module], count: int
) -> None:
    with torch.device("meta"):
        network = architecture("resnet18", encoder_weights=None)
    names = list(network.state_dict())
    given = network.decoder.blocks  # type: ignore[union-attr]
    blocks = list(given.values() if isinstance(given, nn.ModuleDict) else given)  # type: ignore[arg-type]
    assert len(blocks) == count
    add_decoder_dropout(blocks, 0.2)
    assert [[type(layer).__name__ for layer in block.conv2][3:] for block in blocks] == [
        *([["Dropout2d"]] * (count - 1)),
        [],
    ]
    assert list(network.state_dict()) == names


def test_a_decoder_without_blocks() -> None:
    with pytest.raises(UserError, match="expected one of a U-Net"):
        add_decoder_dropout([nn.Identity()], 0.2)

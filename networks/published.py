"""Published networks, from the files that their authors wrote: Keras's of DSen2, Lightning's of Nimbus, CycleGAN's."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from errors import UserError
from networks.cyclegan_checkpoint import read_discriminator, read_generator
from networks.dsen2 import DSen2
from networks.keras_weights import Convolution, read_convolutions
from networks.segnet_checkpoint import read_segnet

RESIDUAL_SCALE = (
    0.1  # a Lambda layer in the files, so not to be read from them; all published networks have this one
)


def dsen2_from_keras(
    path: str | Path, in_channels: Sequence[int] | None = None, *, residual_scale: float = RESIDUAL_SCALE
) -> DSen2:
    """DSen2, VDSen2 or a network of that kind of any depth and width, from a Keras file; see `networks.keras_weights`.

    Depth, width and numbers of bands are those of the arrays. Kernels are (rows, columns, in, out) whatever the layout of
    images was. Which digital numbers the network was trained on does not stand in the file: `networks.trained_weights`.

    Args:
        path: `.h5` or `.hdf5`, weights only or a whole model.
        in_channels: bands of each input group, finest first. The file knows only their sum: without it the network is
            for two groups, and takes any others whose sum is right and whose last one is sharpened.
        residual_scale: factor of what a block adds.

    Returns:
        The network in evaluation mode, with weights that do not ask for gradients. It is called with a list of the input
        groups (B, C, H, W), finest first, normalised, each already on the finest grid.

    Raises:
        UserError: not such a file, or convolutions that are not a DSen2 (of these bands).
    """
    convolutions = read_convolutions(path)
    count, features = len(convolutions), len(convolutions[0].bias)
    bands, out_channels = convolutions[0].kernel.shape[2], len(convolutions[-1].bias)
    widths = [bands] + [features] * (count - 1) + [out_channels]
    expected = [(3, 3, before, after) for before, after in itertools.pairwise(widths)]
    found = [convolution.kernel.shape for convolution in convolutions]
    wrong = next((index for index in range(count) if found[index] != expected[index]), None)
    if count < 2 or count % 2 or wrong is not None or bands <= out_channels:
        raise UserError(f"{path}: {_difference(convolutions, expected, wrong)}; expected a DSen2 network")
    if in_channels is not None and (sum(in_channels) != bands or in_channels[-1] != out_channels):
        raise UserError(
            f"{path}: a network from {bands} bands to {out_channels}, expected {sum(in_channels)} to {in_channels[-1]}"
        )
    with torch.device("meta"):
        network = DSen2(
            in_channels or [bands - out_channels, out_channels],
            features=features,
            blocks=(count - 2) // 2,
            residual_scale=residual_scale,
        )
    network.to_empty(device="cpu").requires_grad_(False)
    for layer, convolution in zip(network.convolutions(), convolutions, strict=True):
        assert layer.bias is not None
        layer.weight.copy_(torch.from_numpy(convolution.kernel).permute(3, 2, 0, 1))
        layer.bias.copy_(torch.from_numpy(convolution.bias))
    return network.to(memory_format=torch.channels_last).eval()


def segnet_from_checkpoint(path: str | Path) -> nn.Module:
    """SegNetLite of Nimbus, from a plain state dict or a Lightning checkpoint; see `networks.segnet_checkpoint`.

    Args:
        path: file that torch wrote.

    Returns:
        The network in evaluation mode, with weights that do not ask for gradients: (B, 15, H, W) normalised -> logits
        (B, 4, H, W), sides multiples of 16; other numbers of bands, classes, widths and stages as in the file. Published
        are bands B1 to B8, B8A, B9 to B12, altitude, tree cover, classes cloud, ground, snow, water.

    Raises:
        UserError: not such a file.
    """
    return read_segnet(path)


def cyclegan_generator_from_pth(path: str | Path) -> nn.Module:
    """A residual generator of CycleGAN, such as CloudGAN's `latest_net_G_B.pth`; see `networks.cyclegan_checkpoint`.

    Args:
        path: a plain state dict that torch wrote; 6, 9 or any number of blocks, with or without dropout.

    Returns:
        The network in evaluation mode, with weights that do not ask for gradients: (B, C, H, W) from -1 to 1 gives
        (B, C', H', W') from -1 to 1, H' and W' rounded up to multiples of 4; sides of at least 8 pixels. Published are
        3 bands on both sides.

    Raises:
        UserError: not such a file.
    """
    return read_generator(path)


def cyclegan_discriminator_from_pth(path: str | Path) -> nn.Module:
    """A patch discriminator of CycleGAN, `latest_net_D_A.pth` or `latest_net_D_B.pth`; see `networks.cyclegan_checkpoint`.

    Args:
        path: a plain state dict that torch wrote; any depth and widths.

    Returns:
        The network in evaluation mode, with weights that do not ask for gradients: (B, C, H, W) from -1 to 1 gives
        (B, 1, h, w), one value for each patch, near 1 where it looks real; 23 x 23 of 200 x 200 pixels.

    Raises:
        UserError: not such a file.
    """
    return read_discriminator(path)


def _difference(
    convolutions: Sequence[Convolution], expected: Sequence[tuple[int, ...]], wrong: int | None
) -> str:
    """What makes it no DSen2, in words."""
    if wrong is not None:
        shape = convolutions[wrong].kernel.shape
        return f"{convolutions[wrong].name} has the shape {shape} where a DSen2 has {expected[wrong]}"
    if len(convolutions) % 2:
        return f"found {len(convolutions)} convolutions, and a DSen2 has an even number"
    shapes = convolutions[0].kernel.shape[2], convolutions[-1].kernel.shape[3]
    return f"found a network from {shapes[0]} bands to {shapes[1]}, and a DSen2 takes more than it gives"

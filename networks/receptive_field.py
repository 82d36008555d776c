"""How far a convolutional network looks: the input cells that an output cell depends on."""

from typing import Any

from compressai.layers import (
    GDN,
    AttentionBlock,
    ResidualBlock,
    ResidualBlockUpsample,
    ResidualBlockWithStride,
)
from torch import nn

_POINTWISE = (GDN, nn.ReLU, nn.LeakyReLU, nn.Identity)
# Branches of a block that are added or multiplied; each is a list of layers in order.
_BRANCHES: dict[type[nn.Module], tuple[tuple[str, ...], ...]] = {
    ResidualBlock: (("conv1", "conv2"), ("skip",)),
    ResidualBlockWithStride: (("conv1", "conv2"), ("skip",)),
    ResidualBlockUpsample: (("subpel_conv", "conv"), ("upsample",)),
    AttentionBlock: (("conv_a",), ("conv_b",), ()),
}


def margin(module: nn.Module, factor: int, multiple: int, *, upsampling: bool = False) -> int:
    """Context, in input cells, that a block of output cells needs beyond the block of the same ground.

    Args:
        module: a network whose output has `1 / factor` (or with `upsampling` `factor`) cells per input
            cell and row.
        factor: that integer.
        multiple: the margin is rounded up to a multiple of this.
        upsampling: whether the output is the finer grid.
    """
    output_cells, input_cells = (factor, 1) if upsampling else (1, factor)
    low, high = input_range(module, 0, output_cells - 1)
    reach = max(0, -low, high - (input_cells - 1))
    return -(-reach // multiple) * multiple


def input_range(module: nn.Module, low: int, high: int) -> tuple[int, int]:
    """First and last input row that the output rows `low` to `high` depend on (columns alike).

    Raises:
        TypeError: a layer that is not known here.
    """
    if isinstance(module, _POINTWISE):
        return low, high
    if isinstance(module, nn.Sequential):
        return _chain_range(list(module), low, high)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.PixelShuffle):
        return _layer_range(module, low, high)
    for kind, branches in _BRANCHES.items():
        if isinstance(module, kind):
            paths = [[getattr(module, name) for name in names] for names in branches]
            break
    else:
        if not (hasattr(module, "conv") and hasattr(module, "relu")):
            raise TypeError(f"the receptive field of {type(module).__name__} is not known")
        paths = [[module.conv], []]  # the residual unit inside AttentionBlock
    ranges = [_chain_range(layers, low, high) for layers in paths]
    return min(first for first, _ in ranges), max(last for _, last in ranges)


def _chain_range(layers: list[Any], low: int, high: int) -> tuple[int, int]:
    for layer in reversed(layers):
        if layer is not None:  # a block without a skip layer adds its input itself
            low, high = input_range(layer, low, high)
    return low, high


def _layer_range(
    layer: nn.Conv2d | nn.ConvTranspose2d | nn.PixelShuffle, low: int, high: int
) -> tuple[int, int]:
    if isinstance(layer, nn.PixelShuffle):
        return low // layer.upscale_factor, high // layer.upscale_factor
    if isinstance(layer.padding, str):
        raise TypeError(f"the receptive field of a convolution with {layer.padding!r} padding is not known")
    kernel, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    if isinstance(layer, nn.Conv2d):
        return low * stride - padding, high * stride - padding + layer.dilation[0] * (kernel - 1)
    # Output row o gets input row i when o = i * stride - padding + k with 0 <= k < kernel.
    return -(-(low + padding - kernel + 1) // stride), (high + padding) // stride

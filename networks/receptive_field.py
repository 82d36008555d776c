"""How far a convolutional network looks: the input cells that an output cell depends on."""

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
        for layer in reversed(module):
            low, high = input_range(layer, low, high)
        return low, high
    if isinstance(module, nn.Conv2d):
        kernel, stride, padding = module.kernel_size[0], module.stride[0], int(module.padding[0])
        return low * stride - padding, high * stride - padding + module.dilation[0] * (kernel - 1)
    if isinstance(module, nn.ConvTranspose2d):
        # Output row o gets input row i when o = i * stride - padding + k with 0 <= k < kernel.
        kernel, stride, padding = module.kernel_size[0], module.stride[0], module.padding[0]
        return -(-(low + padding - kernel + 1) // stride), (high + padding) // stride
    if isinstance(module, nn.PixelShuffle):
        return low // module.upscale_factor, high // module.upscale_factor
    for kind, branches in _BRANCHES.items():
        if isinstance(module, kind):
            ranges = [_branch_range(module, names, low, high) for names in branches]
            return min(first for first, _ in ranges), max(last for _, last in ranges)
    if hasattr(module, "conv") and hasattr(module, "relu"):  # the residual unit inside AttentionBlock
        first, last = input_range(module.conv, low, high)
        return min(first, low), max(last, high)
    raise TypeError(f"the receptive field of {type(module).__name__} is not known")


def _branch_range(block: nn.Module, names: tuple[str, ...], low: int, high: int) -> tuple[int, int]:
    for name in reversed(names):
        layer = getattr(block, name)
        if layer is not None:
            low, high = input_range(layer, low, high)
    return low, high

"""SegNetLite: the small network of Nimbus, which brings pooled maps back to where their maxima were.

V. Badrinarayanan, A. Kendall, R. Cipolla, SegNet: a deep convolutional encoder-decoder architecture for image
segmentation, arXiv 1511.00561; widths and names of the layers as in the published weights of Nimbus.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from errors import UserError

WIDTHS_DOWN = (32, 64, 128, 256)
WIDTHS_UP = (128, 64, 32, 32)
KERNEL = 3


class SegNet(nn.Module):
    """Down: convolution, batch norm, ReLU, dropout, 2 x 2 maxima; up: unpooling, convolution, batch norm, ReLU, dropout.

    With the default widths, 15 bands and 4 classes: 790,020 parameters in 58 tensors (with counters).

    Args:
        in_channels: bands.
        num_classes: logits.
        widths_down: channels after each convolution on the way down.
        widths_up: those on the way up, as many; all but the last are what was pooled there, `widths_down` from its
            last but one backwards.
        dropout: share of the maps that are set to zero, in training and in Monte-Carlo dropout.

    Attributes:
        multiple: sides should be multiples of this; others work down to this size, with the last row or column of an odd
            map left empty by the unpooling.

    Raises:
        UserError: impossible widths.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        widths_down: Sequence[int] = WIDTHS_DOWN,
        widths_up: Sequence[int] = WIDTHS_UP,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        down, up = list(widths_down), list(widths_up)
        if not down or len(down) != len(up) or up[:-1] != down[-2::-1] or min(*down, *up) < 1:
            raise UserError(
                f"segnet: found widths {down} down and {up} up, "
                f"expected as many up as down, beginning with {down[-2::-1]}"
            )
        self.multiple = 2 ** len(down)
        self.layers_conv_down = _convolutions([in_channels, *down])
        self.layers_bn_down = nn.ModuleList(nn.BatchNorm2d(width) for width in down)
        self.layers_conv_up = _convolutions([down[-1], *up])
        self.layers_bn_up = nn.ModuleList(nn.BatchNorm2d(width) for width in up)
        self.conv1x1 = nn.Conv2d(up[-1], num_classes, 1)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, image: Tensor) -> Tensor:
        """(B, in_channels, H, W) normalised -> logits (B, num_classes, H, W)."""
        x, pooled = self._down(image)
        for convolution, norm in zip(self.layers_conv_up, self.layers_bn_up, strict=True):
            indices, size = pooled.pop()
            x = unpool(x, indices, size)
            x = self.dropout(functional.relu(norm(convolution(x)), inplace=True))
        logits: Tensor = self.conv1x1(x)
        return logits

    def encoder(self, image: Tensor) -> list[Tensor]:
        """The coarsest maps (B, widths_down[-1], H / multiple, W / multiple), in a list of one as encoders give theirs."""
        return [self._down(image)[0]]

    def _down(self, x: Tensor) -> tuple[Tensor, list[tuple[Tensor, list[int]]]]:
        """The coarsest maps, and where the maxima of each pooling were, in maps of which size."""
        pooled = []
        for convolution, norm in zip(self.layers_conv_down, self.layers_bn_down, strict=True):
            x = self.dropout(functional.relu(norm(convolution(x)), inplace=True))
            size = list(x.shape[-2:])
            x, indices = functional.max_pool2d(x, 2, return_indices=True)
            pooled.append((indices, size))
        return x, pooled


def unpool(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Put values back to where the maxima were that a pooling found; 0 elsewhere.

    The same as torch's own, which has a slow gradient in channels-last layout and is not among what torch calls
    deterministic.

    Args:
        x: (B, C, h, w).
        indices: of the same shape, from `max_pool2d`: row * width + column in each map.
        size: height and width of the maps that were pooled.
    """
    if not (torch.is_grad_enabled() or torch.are_deterministic_algorithms_enabled()):
        return functional.max_unpool2d(x, indices, [2, 2], output_size=list(size))
    height, width = size
    if not x.is_contiguous(memory_format=torch.channels_last):
        flat = x.new_zeros(*x.shape[:2], height * width)
        return flat.scatter(2, indices.flatten(2), x.flatten(2)).unflatten(2, (height, width))
    values, places = (tensor.permute(0, 2, 3, 1).flatten(1, 2) for tensor in (x, indices))
    flat = x.new_zeros(x.shape[0], height * width, x.shape[1])
    return flat.scatter(1, places, values).unflatten(1, (height, width)).permute(0, 3, 1, 2)


def _convolutions(widths: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(
        nn.Conv2d(before, after, KERNEL, padding=KERNEL // 2) for before, after in itertools.pairwise(widths)
    )

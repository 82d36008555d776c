"""The U-Net generator of the published toy experiments, layer for layer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from errors import UserError

PUBLISHED_FILTERS = (64, 128, 256, 512, 1024, 1024, 1024, 1024)


class PublishedUNet(nn.Module):
    """U-Net of strided convolutions: (B, in_channels, H, W) -> (B, out_channels, H, W), linear output.

    Encoder: convolutions with kernel 4, stride 2 (the last one stride 1), padding 1. The first is bare, the
    others are followed by batch norm and PReLU with one slope. Decoder: transposed convolutions with kernel 4,
    stride 2, padding 1 (the first kernel 2, stride 1), then batch norm, dropout in the first `dropout_blocks`,
    PReLU; the last is bare. The encoder's maps are appended before each next decoder block. A 3x3 convolution
    ends it. Weights are drawn by Xavier's normal rule, biases are zero.

    Sides must be multiples of `multiple` and at least `smallest_side` (published: 128 and 256).

    Source: S. Bouabid, "Toy Virtual Dataset for Remote Sensing Imagery Problems Evaluation", 2020; its fusion
    sibling (arXiv 2011.04762) has six levels.

    Args:
        in_channels, out_channels: bands.
        filters: of the encoder, outermost first.
        decoder_filters: of the decoder, innermost first; None mirrors the encoder, as published.
        dropout: share of channels' values that are dropped in training.
        dropout_blocks: decoder blocks with dropout, counted from the innermost.

    Raises:
        UserError: fewer than two levels, or another number of decoder filters than encoder filters.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        filters: Sequence[int] = PUBLISHED_FILTERS,
        decoder_filters: Sequence[int] | None = None,
        dropout: float = 0.4,
        dropout_blocks: int = 3,
    ) -> None:
        super().__init__()
        down = [int(width) for width in filters]
        up = [int(width) for width in decoder_filters or [*reversed(down[:-1]), *down[:1]]]
        depth = len(down)
        if depth < 2:
            raise UserError(f"model.network_options.filters: found {down}, expected at least two levels")
        if len(up) != depth:
            raise UserError(
                f"model.network_options.decoder_filters: found {len(up)} widths, expected {depth}, one per level"
            )
        self.multiple = 2 ** (depth - 1)
        self.smallest_side = 2**depth
        self.encoder = nn.ModuleList(
            _block(
                nn.Conv2d(before, after, 4, stride=1 if level == depth - 1 else 2, padding=1),
                bare=level == 0,
            )
            for level, (before, after) in enumerate(zip([in_channels, *down], down, strict=False))
        )
        skipped = [0, *reversed(down[:-1])]  # channels appended before each decoder block
        self.decoder = nn.ModuleList(
            _block(
                nn.ConvTranspose2d(before + skip, after, 2, stride=1)
                if level == 0
                else nn.ConvTranspose2d(before + skip, after, 4, stride=2, padding=1),
                bare=level == depth - 1,
                dropout=dropout if level < dropout_blocks else 0.0,
            )
            for level, (before, skip, after) in enumerate(zip([down[-1], *up], skipped, up, strict=False))
        )
        self.output = nn.Conv2d(up[-1], out_channels, 3, padding=1)
        self.apply(_initialise)

    def forward(self, image: Tensor) -> Tensor:
        """Translate (B, in_channels, H, W) into (B, out_channels, H, W).

        Raises:
            UserError: one image of the smallest size in training, of which batch norm can take no statistics.
        """
        if self.training and image.shape[0] == 1 and max(image.shape[-2:]) <= self.smallest_side:
            raise UserError(
                f"data.batch_size: found 1, expected at least 2: batch norm has no statistics of a single image "
                f"of {image.shape[-2]}x{image.shape[-1]} pixels"
            )
        maps = []
        for block in self.encoder:
            image = block(image)
            maps.append(image)
        maps.pop()
        for block in self.decoder:
            image = block(image)
            if maps:
                image = torch.cat([image, maps.pop()], dim=1)
        output: Tensor = self.output(image)
        return output


def _block(convolution: nn.Module, bare: bool, dropout: float = 0.0) -> nn.Sequential:
    """A convolution, and unless `bare` batch norm, dropout and PReLU after it."""
    if bare:
        return nn.Sequential(convolution)
    layers = [convolution, nn.BatchNorm2d(int(convolution.out_channels))]  # type: ignore[arg-type]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.PReLU())


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and not layer.weight.is_meta:
        nn.init.xavier_normal_(layer.weight)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)

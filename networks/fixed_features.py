"""A network that nobody trained, whose activations tell how images look: what distances between sets of images need."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from errors import UserError


class FixedFeatures(nn.Module):
    """Statistics of textures at several scales: (B, bands, H, W) from 0 to 1 -> (B, num_features) float32.

    Strided 3x3 convolutions with weights that are drawn once from a seed, ReLU after each; the features are mean and
    standard deviation of every channel of every stage, and of the bands themselves. Nothing is downloaded, and equal
    arguments give equal features on every machine, up to rounding. Distances between such features rank sets of
    images; they are no figures to set beside ones of another extractor, other widths or another seed.

    Args:
        bands: of the images.
        widths: channels of each stage.
        seed: of the weights.

    Attributes:
        num_features: 2 x (bands + all widths).

    Raises:
        UserError: no bands or no stages.
    """

    def __init__(self, bands: int, *, widths: Sequence[int] = (8, 8, 12), seed: int = 0) -> None:
        super().__init__()
        if bands < 1 or not widths or min(widths) < 1:
            raise UserError(
                f"features: found {bands} bands and the widths {list(widths)}, expected at least one"
            )
        self.bands = bands
        self.num_features = 2 * (bands + sum(widths))
        draw = torch.Generator().manual_seed(seed)
        before = bands
        for stage, width in enumerate(widths):
            weight = torch.randn((width, before, 3, 3), generator=draw) * math.sqrt(2 / (9 * before))
            # Each filter without its mean: it answers to edges and textures, and not once more to brightness.
            self.register_buffer(f"weight_{stage}", weight - weight.mean(dim=(1, 2, 3), keepdim=True))
            before = width
        self.stages = len(widths)
        self.eval()

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Features of images of at least 2^stages pixels a side."""
        values = images.float()
        found = [_statistics(values)]
        for stage in range(self.stages):
            weight: Tensor = getattr(self, f"weight_{stage}")
            values = functional.relu(
                functional.conv2d(functional.pad(values, (1,) * 4, mode="replicate"), weight, stride=2)
            )
            found.append(_statistics(values))
        return torch.cat(found, dim=1)


def _statistics(values: Tensor) -> Tensor:
    return torch.cat([values.mean(dim=(2, 3)), values.std(dim=(2, 3), correction=0)], dim=1)

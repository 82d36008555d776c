"""Segmenters that are quick, see their neighbourhood, and are the same in no two orientations."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from networks.segmenter import Segmenter

CLASSES = ("cloud", "ground", "snow", "water")


class Scaled(nn.Module):
    """Digital numbers over a constant."""

    def forward(self, image: Tensor) -> Tensor:
        return image / 10_000


def small_segmenter(
    bands: Sequence[str] = ("B2", "B3", "B4"),
    classes: Sequence[str] = CLASSES,
    *,
    dropout: float | None = None,
    seed: int = 0,
    multiple: int = 1,
    features: int = 8,
    kernels: tuple[int, int] = (5, 3),
) -> Segmenter:
    """Two convolutions with random weights and logits of several units.

    They see 7 x 7 pixels; with `kernels` (1, 1) each pixel alone.
    """
    first, last = kernels
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [nn.Conv2d(len(bands), features, first, padding=first // 2), nn.ReLU()]
        layers += [] if dropout is None else [nn.Dropout2d(dropout)]
        network = nn.Sequential(*layers, nn.Conv2d(features, len(classes), last, padding=last // 2))
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(4)
    return Segmenter(
        network, bands=bands, classes=classes, normalisation=Scaled(), multiple=multiple, name="small"
    ).eval()

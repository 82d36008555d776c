"""A segmentation network with what belongs to it: bands, classes, the normalisation of its input."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


class Segmenter(nn.Module):
    """Harmonised digital numbers in, logits out, any size.

    Args:
        network: (B, C, H, W) normalised -> logits (B, K, H, W), sides multiples of `multiple`.
        bands: names of its input, in order; auxiliary layers are bands too.
        classes: names of its output, in order.
        normalisation: (B, C, H, W) harmonised digital numbers -> what the network takes.
        multiple: sides that the network takes are multiples of this.
        name: of the network, for records.
        channels_last: memory layout of the network's input; faster, results differ in rounding.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        bands: Sequence[str],
        classes: Sequence[str],
        normalisation: nn.Module,
        multiple: int = 1,
        name: str = "",
        channels_last: bool = True,
    ) -> None:
        super().__init__()
        self.network, self.normalisation = network, normalisation
        self.bands, self.classes = tuple(bands), tuple(classes)
        self.multiple, self.name = multiple, name
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        if channels_last:
            self.network.to(memory_format=torch.channels_last)

    def forward(self, image: Tensor, valid: Tensor | None = None) -> Tensor:
        """Logits (B, K, H, W) of (B, C, H, W) harmonised digital numbers.

        Args:
            image: pixels.
            valid: (B, 1, H, W) bool; where False the network sees 0 in all bands. None: where all bands are 0.
        """
        if valid is None:
            valid = (image != 0).any(1, keepdim=True)
        height, width = image.shape[-2:]
        below, right = -height % self.multiple, -width % self.multiple
        pixels = self.normalisation(image) * valid
        if below or right:
            pixels = functional.pad(pixels, (0, right, 0, below), mode="replicate")
        logits: Tensor = self.network(pixels.contiguous(memory_format=self.memory_format))
        return logits[..., :height, :width]

    @contextmanager
    def sampling_dropout(self) -> Iterator[None]:
        """Dropout as in training, all else as it is: each forward is one draw from torch's generator (Monte-Carlo dropout)."""
        layers = [layer for layer in self.modules() if isinstance(layer, DROPOUTS)]
        before = [layer.training for layer in layers]
        try:
            for layer in layers:
                layer.train()
            yield
        finally:
            for layer, mode in zip(layers, before, strict=True):
                layer.train(mode)

    def description(self) -> dict[str, Any]:
        """What identifies it in a record: name, bands, classes, parameters."""
        return {
            "name": self.name,
            "bands": list(self.bands),
            "classes": list(self.classes),
            "parameters": sum(parameter.numel() for parameter in self.parameters()),
        }

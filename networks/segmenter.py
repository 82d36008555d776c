"""A segmentation network with what belongs to it: bands, classes, the normalisation of its input."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from errors import UserError

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


@dataclass(frozen=True)
class Encoded:
    """What an encoder made of a batch: `maps` for the decoder, `size` of the images before they were padded."""

    maps: list[Tensor]
    size: tuple[int, int]


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
        """Logits (B, K, H, W) float32 of (B, C, H, W) harmonised digital numbers.

        The network's own weights may be of another precision, bfloat16 for one; the normalisation is in float32 whatever
        they are, because digital numbers need more than eight bits.

        Args:
            image: pixels, of any size; NaN only where they are not valid.
            valid: (B, 1, H, W) bool; where False the network sees 0 in all bands. None: where all bands are 0.

        Raises:
            UserError: another number of bands than the network's.
        """
        height, width = image.shape[-2:]
        logits: Tensor = self.network(self._input(image, valid))
        return logits[..., :height, :width].float()

    def encode(self, image: Tensor, valid: Tensor | None = None) -> Encoded:
        """All that comes before the first dropout, to be decoded any number of times: `decode(encode(x))` is `forward(x)`.

        Monte-Carlo dropout is cheaper by what the encoder costs. Of a network whose encoder drops maps itself, this is
        only its input.

        Args:
            image, valid: as of `forward`.
        """
        pixels, size = self._input(image, valid), (image.shape[-2], image.shape[-1])
        return Encoded(list(self.network.encoder(pixels)) if self._is_split else [pixels], size)  # type: ignore[operator]

    def decode(self, encoded: Encoded) -> Tensor:
        """Logits (B, K, H, W) float32; what was encoded stays as it is."""
        network: Any = self.network
        if self._is_split:
            logits: Tensor = network.segmentation_head(network.decoder(list(encoded.maps)))
        else:
            logits = network(encoded.maps[0])
        height, width = encoded.size
        return logits[..., :height, :width].float()

    @property
    def _is_split(self) -> bool:
        """Whether the network is an encoder without dropout, a decoder and a head, as the library's are."""
        network: Any = self.network
        parts = [getattr(network, name, None) for name in ("encoder", "decoder", "segmentation_head")]
        return all(isinstance(part, nn.Module) for part in parts) and not any(
            isinstance(layer, DROPOUTS) and layer.p > 0 for layer in network.encoder.modules()
        )

    def features(self, image: Tensor, valid: Tensor | None = None) -> Tensor:
        """What the encoder makes of each image, (B, D) float32: its coarsest maps, averaged over what is valid.

        Args:
            image, valid: as of `forward`; an image without a valid pixel is averaged over all of it.

        Raises:
            UserError: the network has no encoder, or takes another number of bands.
        """
        encoder = getattr(self.network, "encoder", None)
        if encoder is None:
            raise UserError(
                f"{self.name or type(self.network).__name__}: a network without an encoder has no features"
            )
        valid = _valid(image) if valid is None else valid
        coarse: Tensor = encoder(self._input(image, valid))[-1].float()
        below, right = -image.shape[-2] % self.multiple, -image.shape[-1] % self.multiple
        weights = functional.adaptive_avg_pool2d(
            functional.pad(valid.float(), (0, right, 0, below)), (coarse.shape[-2], coarse.shape[-1])
        )
        weights = torch.where(weights.sum((2, 3), keepdim=True) > 0, weights, 1.0)
        return (coarse * weights).sum((2, 3)) / weights.sum((2, 3))

    def _input(self, image: Tensor, valid: Tensor | None) -> Tensor:
        """What the network takes: normalised, 0 where not valid, padded to sides that it can take."""
        if image.shape[1] != len(self.bands):
            raise UserError(
                f"the network was given {image.shape[1]} bands, expected {len(self.bands)}: {', '.join(self.bands)}"
            )
        valid = _valid(image) if valid is None else valid
        below, right = -image.shape[-2] % self.multiple, -image.shape[-1] % self.multiple
        pixels = self.normalisation(image).where(valid, 0.0)
        if below or right:
            pixels = functional.pad(pixels, (0, right, 0, below), mode="replicate")
        precision = next((parameter.dtype for parameter in self.network.parameters()), pixels.dtype)
        return pixels.to(precision, memory_format=self.memory_format)

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


def _valid(image: Tensor) -> Tensor:
    """(B, 1, H, W) bool: where any band is not 0."""
    return (image != 0).any(1, keepdim=True)

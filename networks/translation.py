"""Image-to-image translation: generators by name, and what stands between them and raw values."""

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from errors import UserError
from networks.resnet_generator import ResnetGenerator
from networks.unet import UNet
from networks.unet_generator import PublishedUNet

# Generators by name: callables (in_channels, out_channels, **options) -> module with `multiple` and `smallest_side`.
GENERATORS: dict[str, Callable[..., nn.Module]] = {
    "unet": UNet,
    "unet_published": PublishedUNet,
    "resnet": ResnetGenerator,
}

CENTRE, HALF_RANGE = 0.5, 0.5  # networks see (value - 0.5) / 0.5: the declared range [0, 1] becomes [-1, 1]
MEMORY_LIMIT = (
    3.0  # of normalised values: a memory holds raw values of [-1, 2], lest a loop of predictions run away
)


def build_generator(
    name: str, in_channels: int, out_channels: int, options: Mapping[str, Any] | None = None
) -> nn.Module:
    """Build the generator `name`: (B, in_channels, H, W) -> (B, out_channels, H, W), normalised values.

    `options` are the keyword arguments of its class in `GENERATORS`; nothing in them is changed.

    Raises:
        UserError: an unknown name or option, or an impossible number of bands.
    """
    if name not in GENERATORS:
        nearest = difflib.get_close_matches(str(name), GENERATORS, n=1, cutoff=0.0)[0]
        raise UserError(
            f"model.network: found {name!r}, expected one of {', '.join(GENERATORS)}; did you mean {nearest!r}?"
        )
    for key, bands in (("in_channels", in_channels), ("out_channels", out_channels)):
        if not isinstance(bands, int) or bands < 1:
            raise UserError(f"model.{key}: found {bands!r}, expected at least one band")
    builder = GENERATORS[name]
    known = [
        key for key, item in inspect.signature(builder).parameters.items() if item.kind is item.KEYWORD_ONLY
    ]
    for key in options or {}:
        if key not in known:
            raise UserError(
                f"model.network_options: found {key!r}, {name} has {', '.join(known) or 'no options'}"
            )
    return builder(in_channels, out_channels, **plain(options or {}))


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of options in which every sequence is a list of its own."""
    return {
        str(key): list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for key, value in options.items()
    }


class Translator(nn.Module):
    """A generator for raw values, images of any size, and memory of the previous prediction.

    Raw values are what frame files hold: about [-0.5, 1.5], declared range [0, 1]; nothing is clamped.

    Args:
        generator: (B, channels, H, W) -> (B, out_channels, H, W) on normalised values, where `channels` are
            `in_channels`, and `out_channels` more if `recurrent`.
        in_channels: bands of the source.
        out_channels: bands of the target.
        recurrent: the previous prediction, limited to [-1, 2], is appended to the source; grey (0.5) at first.
        residual: the generator's output is added to the first `out_channels` bands of the source.
        multiple: sides are padded up to multiples of it; None asks the generator.

    Raises:
        UserError: `residual` with fewer bands in the source than in the target.
    """

    def __init__(
        self,
        generator: nn.Module,
        *,
        in_channels: int,
        out_channels: int,
        recurrent: bool = False,
        residual: bool = False,
        multiple: int | None = None,
    ) -> None:
        super().__init__()
        if residual and in_channels < out_channels:
            raise UserError(
                f"model.residual: found a source of {in_channels} bands for a target of {out_channels}, "
                "expected at least as many"
            )
        self.generator = generator
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.recurrent = recurrent
        self.residual = residual
        self.multiple: int = multiple or getattr(generator, "multiple", 1)  # type: ignore[assignment]
        self.smallest_side: int = getattr(generator, "smallest_side", self.multiple)

    def forward(self, source: Tensor, previous: Tensor | None = None) -> Tensor:
        """Translate raw values (B, in_channels, H, W), NaN nowhere, into raw values (B, out_channels, H, W) float32.

        `previous` (B, out_channels, H, W) is the prediction of the frame before; only a recurrent one looks at it.

        Raises:
            UserError: another number of bands than `in_channels`.
        """
        if source.shape[1] != self.in_channels:
            raise UserError(
                f"the source has {source.shape[1]} bands, expected {self.in_channels} (model.in_channels)"
            )
        height, width = source.shape[-2:]
        inputs = normalised(source)
        if self.recurrent:
            memory = inputs.new_zeros((len(source), self.out_channels, height, width))
            if previous is not None:
                memory = normalised(previous).clamp(-MEMORY_LIMIT, MEMORY_LIMIT)
            inputs = torch.cat([inputs, memory], dim=1)
        output = self.generator(pad(inputs, self.multiple, self.smallest_side))
        output = output[..., :height, :width].float() * HALF_RANGE
        return output + (source[:, : self.out_channels] if self.residual else CENTRE)


def build_translator(
    network: str,
    in_channels: int,
    out_channels: int,
    options: Mapping[str, Any] | None = None,
    *,
    recurrent: bool = False,
    residual: bool = False,
) -> Translator:
    """A `Translator` around the generator `network`, whose input has room for the previous prediction if needed."""
    generator = build_generator(
        network, in_channels + (out_channels if recurrent else 0), out_channels, options
    )
    return Translator(
        generator,
        in_channels=in_channels,
        out_channels=out_channels,
        recurrent=recurrent,
        residual=residual,
    )


def normalised(values: Tensor) -> Tensor:
    """Raw values as networks see them: [0, 1] becomes [-1, 1]."""
    return (values - CENTRE) / HALF_RANGE


def pad(images: Tensor, multiple: int, smallest_side: int = 1) -> Tensor:
    """Pad (B, C, H, W) on the right and below to multiples of `multiple` and at least `smallest_side`.

    Reflects where the image is large enough for it, and repeats the edge where it is not.
    """
    height, width = images.shape[-2:]
    missing = [-(-max(side, smallest_side) // multiple) * multiple - side for side in (width, height)]
    if not any(missing):
        return images
    reflects = missing[0] < width and missing[1] < height
    return functional.pad(images, (0, missing[0], 0, missing[1]), mode="reflect" if reflects else "replicate")

"""The network that turns masks of clouds into clouds, from whatever file or run holds it."""

from pathlib import Path

import torch
from torch import Tensor, nn

from errors import UserError
from networks.checkpoint_tensors import read_content
from networks.cyclegan_checkpoint import GENERATOR, generator_of, plain_tensors
from networks.cyclegan_run import checkpoint_of, translator_of
from networks.resnet_generator import ResnetGenerator
from networks.translation import Translator

EXPECTED = "a published latest_net_G_B.pth, a checkpoint of CycleGAN written by train.py, or the folder of such a run"


class CloudGenerator(nn.Module):
    """Masks of clouds in, images of clouds out, of any size, ready to predict.

    Args:
        translator: its generator takes values from -1 to 1, of one band or of equal ones, and gives values from -1 to 1.
        channels_last: memory layout of weights and activations; faster on GPUs, the results differ in rounding.
        source: what it was read from, to tell in results.

    Attributes:
        bands: of the images.

    Raises:
        UserError: a network that also wants the frame before.
    """

    def __init__(self, translator: Translator, *, channels_last: bool = False, source: str = "") -> None:
        super().__init__()
        if translator.recurrent:
            raise UserError(
                f"{source or 'the network'}: found a recurrent network, expected one of masks alone"
            )
        generator = translator.generator
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.translator = Translator(
            generator,
            in_channels=translator.in_channels,
            out_channels=translator.out_channels,
            residual=translator.residual,
            # The residual generator takes any size and is only cut afterwards, as published.
            multiple=1 if isinstance(generator, ResnetGenerator) else translator.multiple,
        ).to(memory_format=self.memory_format)
        self.source = source
        self.requires_grad_(False).eval()

    @property
    def bands(self) -> int:
        """Bands of the images."""
        return self.translator.out_channels

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def forward(self, mask: Tensor) -> Tensor:
        """Clouds (B, bands, H, W) float32 from 0 to 1 for masks (B, 1, H, W) of 0 and 1, of any type.

        Raises:
            UserError: more than one band.
        """
        if mask.ndim != 4 or mask.shape[1] != 1:
            raise UserError(
                f"the mask has the shape {tuple(mask.shape)}, expected (images, 1, rows, columns)"
            )
        source = mask.float().expand(-1, self.translator.in_channels, -1, -1)
        clouds: Tensor = self.translator(source.contiguous(memory_format=self.memory_format))
        return clouds.clamp_(0.0, 1.0)


def load_cloud_generator(file: str | Path, *, channels_last: bool = False) -> CloudGenerator:
    """The generator masks -> clouds of a file or run.

    Args:
        file: a published `.pth` (a plain state dict), a checkpoint that `train.py` wrote of a CycleGAN, or the folder of a
            run, of which the best checkpoint counts, else the last.
        channels_last: see `CloudGenerator`.

    Raises:
        UserError: there is no such file, it is damaged, or holds another network.
    """
    path = Path(file)
    if path.is_dir():
        path = checkpoint_of(path, EXPECTED)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; expected {EXPECTED}")
    content = read_content(path, EXPECTED)
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        translator = translator_of(content, path, EXPECTED)
    else:
        translator = _around(generator_of(plain_tensors(content, path, GENERATOR), path))
    return CloudGenerator(translator, channels_last=channels_last, source=path.name)


def as_cloud_generator(network: nn.Module, *, channels_last: bool = False) -> CloudGenerator:
    """A network of a run, or one that `load_cloud_generator` has read, as a `CloudGenerator`.

    Raises:
        UserError: another kind of network.
    """
    if isinstance(network, CloudGenerator):
        return network
    if isinstance(network, ResnetGenerator):
        network = _around(network)
    if not isinstance(network, Translator):
        raise UserError(f"run: found a {type(network).__name__}, expected {EXPECTED}")
    return CloudGenerator(network, channels_last=channels_last)


def _around(generator: ResnetGenerator) -> Translator:
    convolutions = [layer for layer in generator.modules() if isinstance(layer, nn.Conv2d)]
    first, last = convolutions[0], convolutions[-1]
    return Translator(generator, in_channels=first.in_channels, out_channels=last.out_channels)

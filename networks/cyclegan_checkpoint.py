"""Generators and discriminators of CycleGAN as files of the published layout, read and written."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from errors import UserError
from networks.checkpoint_tensors import read_content
from networks.patchgan import PatchGAN
from networks.resnet_generator import ResnetGenerator
from networks.segnet_checkpoint import load_exactly

GENERATOR = (
    "a plain state dict of CycleGAN's residual generator (model.1.weight, model.10.conv_block.1.weight, ...)"
)
DISCRIMINATOR = "a plain state dict of CycleGAN's patch discriminator (model.0.weight, model.2.weight, ...)"
_METADATA = "_metadata"  # versions of layers, which torch may leave among the tensors
_STATISTICS = (
    "running_mean",
    "running_var",
    "num_batches_tracked",
)  # instance normalisation had them before torch 0.4
_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.1\.weight")
_FIRST_BLOCK = 4  # index of the first block without downsampling; each one puts three layers before it
_LAYERS = 3  # convolution, normalisation, activation
_DROPOUT = 0.5  # as published, where the indices say that there is some
_SLOPE = 0.2  # of LeakyReLU, as published


def read_generator(path: str | Path) -> ResnetGenerator:
    """The residual generator of a file `..._net_G_A.pth` or `..._net_G_B.pth`; see `generator_of`.

    Raises:
        UserError: no such file, one that is damaged or no plain state dict, or one of another network.
    """
    return generator_of(plain_tensors(read_content(path, GENERATOR), path, GENERATOR), path)


def read_discriminator(path: str | Path) -> PatchGAN:
    """The patch discriminator of a file `..._net_D_A.pth` or `..._net_D_B.pth`; see `discriminator_of`.

    Raises:
        UserError: no such file, one that is damaged or no plain state dict, or one of another network.
    """
    return discriminator_of(plain_tensors(read_content(path, DISCRIMINATOR), path, DISCRIMINATOR), path)


def generator_of(tensors: Mapping[str, Tensor], path: str | Path) -> ResnetGenerator:
    """The generator that tensors with the published names belong to, in evaluation mode, without gradients.

    Bands, width, blocks, halvings and dropout (none, or half of the values) are read from names and shapes;
    normalisation is by instance and the output ends in tanh, as in all published ones.

    Raises:
        UserError: tensors of another network, or values that are no numbers.
    """
    tensors = _without_statistics(tensors)
    blocks = sorted(int(match[1]) for name in tensors if (match := _BLOCK.fullmatch(name)))
    first = tensors.get("model.1.weight")
    if not blocks or first is None or first.ndim != 4:
        raise UserError(f"{path}: found {_some_names(tensors)}, expected {GENERATOR}")
    downsamplings = max(0, (blocks[0] - _FIRST_BLOCK) // _LAYERS)
    end = blocks[0] + len(blocks) + _LAYERS * downsamplings + 1  # after the last padding
    last = tensors.get(f"model.{end}.weight")
    if last is None or last.ndim != 4:
        raise UserError(f"{path}: found no model.{end}.weight of four axes, expected {GENERATOR}")
    with torch.device("meta"):
        generator = ResnetGenerator(
            first.shape[1],
            last.shape[0],
            base_width=first.shape[0],
            blocks=len(blocks),
            downsamplings=downsamplings,
            dropout=_DROPOUT if f"model.{blocks[0]}.conv_block.6.weight" in tensors else 0.0,
        )
    load_exactly(generator, tensors, path)
    return generator


def discriminator_of(tensors: Mapping[str, Tensor], path: str | Path) -> PatchGAN:
    """The discriminator that tensors with the published names belong to, in evaluation mode, without gradients.

    Bands, widths and depth are read from names and shapes; all convolutions but the last two halve the resolution.

    Raises:
        UserError: tensors of another network, or values that are no numbers.
    """
    tensors = _without_statistics(tensors)
    kernels: list[Tensor] = []
    while (kernel := tensors.get(f"model.{_index(len(kernels))}.weight")) is not None and kernel.ndim == 4:
        kernels.append(kernel)
    if len(kernels) < 3:
        raise UserError(f"{path}: found {_some_names(tensors)}, expected {DISCRIMINATOR}")
    with torch.device("meta"):
        discriminator = PatchGAN(
            kernels[0].shape[1],
            filters=[kernel.shape[0] for kernel in kernels],
            strides=_strides(len(kernels)),
            normalisation="instance",
            slope=_SLOPE,
        )
    load_exactly(discriminator, tensors, path)
    return discriminator


def plain_tensors(content: Any, path: str | Path, expected: str) -> dict[str, Tensor]:
    """The tensors of a file that holds nothing but tensors by name.

    Args:
        content: of the file, see `networks.checkpoint_tensors.read_content`.
        path, expected: for messages.

    Raises:
        UserError: anything else is in it.
    """
    found: Any = None
    if not isinstance(content, dict):
        found = "an object of another kind"
    elif not content:
        found = "nothing in it"
    else:
        others = [
            name for name, value in content.items() if not isinstance(value, Tensor) and name != _METADATA
        ]
        if others:
            found = f"{others[0]!r}, which is no tensor"
    if found:
        raise UserError(f"{path}: found {found}; expected {expected}")
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def export_pth(module: nn.Module, path: str | Path) -> Path:
    """Write a generator or discriminator as a plain state dict of the published layout, complete or not at all.

    Args:
        module: a `ResnetGenerator` or a `PatchGAN`, or what has one of them as `generator` (a `Translator`).
        path: ends in `.pth`; CycleGAN's own code looks for names such as `latest_net_G_B.pth`.

    Returns:
        The path; what is read from it again has the same tensors, bit for bit.

    Raises:
        UserError: a network that the published layout cannot tell from another one.
    """
    path = Path(path)
    while not isinstance(module, ResnetGenerator | PatchGAN) and isinstance(
        getattr(module, "generator", None), nn.Module
    ):
        module = module.generator  # type: ignore[assignment]
    _check_exportable(module, path)
    tensors = OrderedDict(
        (name, tensor.detach().to("cpu", torch.float32, copy=True).contiguous())
        for name, tensor in module.state_dict().items()
    )
    (generator_of if isinstance(module, ResnetGenerator) else discriminator_of)(tensors, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        torch.save(tensors, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _check_exportable(module: nn.Module, path: Path) -> None:
    layers = list(module.modules())
    normalisations = [layer for layer in layers if isinstance(layer, nn.InstanceNorm2d)]
    if isinstance(module, ResnetGenerator):
        fits = any(isinstance(layer, nn.Tanh) for layer in layers)
        wanted = "normalisation=instance and output=tanh"
    elif isinstance(module, PatchGAN):
        slopes = {layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)}
        fits = module.strides == _strides(len(module.strides)) and slopes == {_SLOPE}
        wanted = f"normalisation=instance, slope={_SLOPE} and strides of 2 but for the last two, which are 1"
    else:
        raise UserError(
            f"{path}: found a {type(module).__name__}, expected CycleGAN's residual generator or patch discriminator"
        )
    if not fits or not normalisations:
        raise UserError(f"{path}: the published layout is for networks with {wanted} only")


def _without_statistics(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All but the statistics of instance normalisation; batch normalisation has weights beside them."""

    def is_old(name: str) -> bool:
        layer, _, last = name.rpartition(".")
        return last in _STATISTICS and f"{layer}.weight" not in tensors

    return {name: tensor for name, tensor in tensors.items() if not is_old(name)}


def _index(number: int) -> int:
    """Place of a discriminator's convolution among its layers: the first has no normalisation behind it."""
    return max(0, _LAYERS * number - 1)


def _strides(count: int) -> list[int]:
    return [2] * (count - 2) + [1, 1]


def _some_names(tensors: Mapping[str, Tensor]) -> str:
    names = sorted(tensors)
    return f"{len(names)} tensors ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"

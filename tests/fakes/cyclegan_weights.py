"""Weights of CycleGAN in the published layout, and what the published networks make of them, written as plain functions."""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

Weights = OrderedDict[str, Tensor]


def generator_weights(
    seed: int = 0, *, bands: tuple[int, int] = (3, 3), width: int = 4, blocks: int = 9, dropout: bool = False
) -> Weights:
    """Random tensors of a residual generator, large enough that no layer is without effect."""
    draw = torch.Generator().manual_seed(seed)
    weights: Weights = OrderedDict()
    second = 6 if dropout else 5
    _convolution(weights, "model.1", (width, bands[0], 7, 7), width, draw)
    _convolution(weights, "model.4", (2 * width, width, 3, 3), 2 * width, draw)
    _convolution(weights, "model.7", (4 * width, 2 * width, 3, 3), 4 * width, draw)
    for block in range(10, 10 + blocks):
        for layer in (1, second):
            name = f"model.{block}.conv_block.{layer}"
            _convolution(weights, name, (4 * width, 4 * width, 3, 3), 4 * width, draw)
    end = 10 + blocks
    _convolution(weights, f"model.{end}", (4 * width, 2 * width, 3, 3), 2 * width, draw)
    _convolution(weights, f"model.{end + 3}", (2 * width, width, 3, 3), width, draw)
    _convolution(weights, f"model.{end + 7}", (bands[1], width, 7, 7), bands[1], draw)
    return weights


def discriminator_weights(seed: int = 0, *, bands: int = 3, width: int = 4, layers: int = 3) -> Weights:
    """Random tensors of a patch discriminator with `layers` halvings."""
    draw = torch.Generator().manual_seed(seed)
    weights: Weights = OrderedDict()
    widths = [bands, *(width * min(2**level, 8) for level in range(layers + 1)), 1]
    for level in range(layers + 2):
        before, after = widths[level], widths[level + 1]
        _convolution(weights, f"model.{max(0, 3 * level - 1)}", (after, before, 4, 4), after, draw)
    return weights


def run_generator(weights: Weights, image: Tensor) -> Tensor:
    """What the published residual generator makes of (B, C, H, W)."""
    blocks = sorted({int(name.split(".")[1]) for name in weights if ".conv_block." in name})
    end = blocks[-1] + 1

    def at(name: str) -> tuple[Tensor, Tensor]:
        return weights[f"{name}.weight"], weights[f"{name}.bias"]

    def reflected(values: Tensor, by: int) -> Tensor:
        return functional.pad(values, (by,) * 4, mode="reflect")

    def rectified(values: Tensor) -> Tensor:
        return functional.relu(functional.instance_norm(values))

    values = rectified(functional.conv2d(reflected(image, 3), *at("model.1")))
    for name in ("model.4", "model.7"):
        values = rectified(functional.conv2d(values, *at(name), stride=2, padding=1))
    for block in blocks:
        name = f"model.{block}.conv_block"
        second = 6 if f"{name}.6.weight" in weights else 5
        inner = rectified(functional.conv2d(reflected(values, 1), *at(f"{name}.1")))
        values = values + functional.instance_norm(
            functional.conv2d(reflected(inner, 1), *at(f"{name}.{second}"))
        )
    for name in (f"model.{end}", f"model.{end + 3}"):
        larger = functional.conv_transpose2d(values, *at(name), stride=2, padding=1, output_padding=1)
        values = rectified(larger)
    return torch.tanh(functional.conv2d(reflected(values, 3), *at(f"model.{end + 7}")))


def run_discriminator(weights: Weights, image: Tensor) -> Tensor:
    """What the published patch discriminator says of (B, C, H, W)."""
    count = len(weights) // 2
    values = image
    for level in range(count):
        name = f"model.{max(0, 3 * level - 1)}"
        stride = 2 if level < count - 2 else 1
        values = functional.conv2d(
            values, weights[f"{name}.weight"], weights[f"{name}.bias"], stride=stride, padding=1
        )
        if 0 < level < count - 1:
            values = functional.instance_norm(values)
        if level < count - 1:
            values = functional.leaky_relu(values, 0.2)
    return values


def write_pth(path: Path, weights: Weights, *, old: bool = False) -> Path:
    """A file as CycleGAN writes it; `old` as before torch 0.4: statistics of instance normalisation, another container."""
    content: Weights = OrderedDict(weights)
    if old:
        for name in ("model.2", "model.5"):
            content[f"{name}.running_mean"] = torch.zeros(4)
            content[f"{name}.running_var"] = torch.ones(4)
            content[f"{name}.num_batches_tracked"] = torch.tensor(3)
    content._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    return path


def _convolution(
    weights: Weights, name: str, shape: tuple[int, ...], biases: int, draw: torch.Generator
) -> None:
    spread = (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
    weights[f"{name}.weight"] = spread * torch.randn(shape, generator=draw)
    weights[f"{name}.bias"] = 0.1 * torch.randn(biases, generator=draw)

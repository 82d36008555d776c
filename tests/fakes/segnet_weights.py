"""Random weights of a SegNetLite in the published layout, and a forward pass written down from its description."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

DOWN, UP = (32, 64, 128, 256), (128, 64, 32, 32)


def random_weights(
    in_channels: int = 15, classes: int = 4, down: Sequence[int] = DOWN, up: Sequence[int] = UP, seed: int = 0
) -> dict[str, torch.Tensor]:
    """A state dict whose batch norms have statistics and parameters far from those that they start with."""
    random = np.random.default_rng(seed)
    tensors: dict[str, torch.Tensor] = {}

    def add(name: str, *shape: int, low: float = -1.0, high: float = 1.0) -> None:
        tensors[name] = torch.from_numpy(random.uniform(low, high, shape).astype(np.float32))

    for group, widths in (("down", (in_channels, *down)), ("up", (down[-1], *up))):
        for index in range(len(widths) - 1):
            reach = (3 / (9 * widths[index])) ** 0.5
            name = f"layers_conv_{group}.{index}"
            add(f"{name}.weight", widths[index + 1], widths[index], 3, 3, low=-reach, high=reach)
            add(f"{name}.bias", widths[index + 1])
        for index, width in enumerate(widths[1:]):
            name = f"layers_bn_{group}.{index}"
            add(f"{name}.weight", width, low=0.5, high=1.5)
            add(f"{name}.bias", width, low=-0.5, high=0.5)
            add(f"{name}.running_mean", width)
            add(f"{name}.running_var", width, low=0.3, high=3.0)
            tensors[f"{name}.num_batches_tracked"] = torch.tensor(29610)
    add("conv1x1.weight", classes, up[-1], 1, 1)
    add("conv1x1.bias", classes)
    return tensors


def forward(tensors: dict[str, torch.Tensor], image: torch.Tensor, stages: int = 4) -> torch.Tensor:
    """Logits (B, K, H, W) float64 in evaluation mode, maxima and their places found block by block."""
    weights = {name: tensor.double() for name, tensor in tensors.items()}
    x, places = image.double(), []

    def block(x: torch.Tensor, group: str, index: int) -> torch.Tensor:
        name = f"layers_conv_{group}.{index}"
        x = functional.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)
        mean, variance, gain, shift = (
            weights[f"layers_bn_{group}.{index}.{key}"][:, None, None]
            for key in ("running_mean", "running_var", "weight", "bias")
        )
        return ((x - mean) / (variance + 1e-5).sqrt() * gain + shift).clamp(min=0)

    for index in range(stages):
        x = block(x, "down", index)
        count, width, height, length = x.shape
        blocks = x.reshape(count, width, height // 2, 2, length // 2, 2).permute(0, 1, 2, 4, 3, 5).flatten(4)
        place = blocks.argmax(4, keepdim=True)
        x = blocks.gather(4, place)[..., 0]
        places.append(place)
    for index in range(stages):
        place = places.pop()
        count, width, height, length = x.shape
        blocks = torch.zeros(count, width, height, length, 4, dtype=torch.float64).scatter(
            4, place, x[..., None]
        )
        x = (
            blocks.unflatten(4, (2, 2))
            .permute(0, 1, 2, 4, 3, 5)
            .reshape(count, width, 2 * height, 2 * length)
        )
        x = block(x, "up", index)
    return functional.conv2d(x, weights["conv1x1.weight"], weights["conv1x1.bias"])


def write_state_dict(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """As `torch.save(network.state_dict(), path)` writes it."""
    torch.save(dict(tensors), path)
    return path


def write_lightning(path: Path, tensors: dict[str, torch.Tensor], **more: Any) -> Path:
    """As Lightning writes it, with what Nimbus keeps beside the network; `more` takes the place of top-level entries."""
    content = {
        "epoch": 69,
        "global_step": 29610,
        "pytorch-lightning_version": "1.9.3",
        "state_dict": {
            **{f"model.{name}": tensor for name, tensor in tensors.items()},
            "criterion.weight": torch.tensor([0.2, 0.2, 0.3, 0.3]),
        },
        "loops": {},
        "callbacks": {
            "ModelCheckpoint{'monitor': None}": {"best_model_path": "", "kth_value": torch.tensor(0.5)}
        },
        "optimizer_states": [{"state": {}, "param_groups": [{"lr": 1e-3}]}],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {
            "model": "segnet",
            "in_channels": 15,
            "out_classes": 4,
            "class_weights": torch.tensor([0.2, 0.2, 0.3, 0.3]),
            "model_args": {},
            "dropout": 0.25,
            "lr": 1e-3,
        },
    }
    torch.save({**content, **more}, path)
    return path

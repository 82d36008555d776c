"""A tiny CycleGAN of masks and clouds, and what a checkpoint of it holds."""

from functools import partial
from typing import Any

import torch

from lightning_modules.cyclegan import CycleGAN

MODEL: dict[str, Any] = {
    "network": "resnet", "in_channels": 1, "out_channels": 3,
    "network_options": {"base_width": 2, "blocks": 1, "output": "tanh"},
    "discriminator_options": {"filters": [2, 2, 1], "strides": [2, 1, 1], "normalisation": "instance"},
}  # fmt: skip


def trained(**more: Any) -> CycleGAN:
    factory = partial(torch.optim.Adam, lr=1e-3)
    return CycleGAN(
        **{**MODEL, **more}, identity_weight=0.0, optimizer=factory, optimizer_discriminator=factory  # type: ignore[arg-type]
    )  # fmt: skip


def content(module: CycleGAN) -> dict[str, Any]:
    return {"state_dict": module.state_dict(), "nadir": {"config": {"model": MODEL}}}

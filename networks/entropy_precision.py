"""Entropy models that compute in float32 whatever the precision around them."""

from typing import Any

import torch
from compressai.entropy_models import EntropyBottleneck, EntropyModel, GaussianConditional
from torch import Tensor, nn


def _float32(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value


class _Float32Forward(EntropyModel):
    """Leaves autocast for the forward pass: likelihoods are differences of nearly equal numbers."""

    def forward(self, *inputs: Any, **named: Any) -> tuple[Tensor, Tensor]:
        """Latents (and scales, means) of any float dtype to (quantised latents, likelihoods), both float32."""
        device = next(value.device.type for value in inputs if isinstance(value, Tensor))
        with torch.autocast(device, enabled=False):
            return super().forward(
                *map(_float32, inputs), **{name: _float32(value) for name, value in named.items()}
            )


class Float32EntropyBottleneck(_Float32Forward, EntropyBottleneck):
    """CompressAI's factorised entropy model, in float32."""

    def loss(self) -> Tensor:
        """The auxiliary loss, a scalar: how far the quantiles are from where they should be."""
        with torch.autocast(self.quantiles.device.type, enabled=False):
            return super().loss()


class Float32GaussianConditional(_Float32Forward, GaussianConditional):
    """CompressAI's Gaussian entropy model, in float32."""


def keep_entropy_models_in_float32(network: nn.Module) -> None:
    """Make every entropy model of `network` compute in float32 under autocast; weights stay what they are.

    With bfloat16's 8 bits of mantissa a likelihood of one symbol is wrong by orders of magnitude, so
    `precision=bf16-mixed` may only hold for the transforms around the entropy models.
    """
    replacements = {
        EntropyBottleneck: Float32EntropyBottleneck,
        GaussianConditional: Float32GaussianConditional,
    }
    for module in network.modules():
        replacement = replacements.get(type(module))
        if replacement is not None:
            # the subclass adds a method and no state, so a change of class keeps parameters and buffers
            module.__class__ = replacement

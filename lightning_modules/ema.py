"""The exponential moving average of a network's weights."""

import copy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def averaged_copy(network: Network) -> Network:
    """A copy that does not learn by itself, to be led by `update_average`."""
    return copy.deepcopy(network).requires_grad_(False)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float, updates: int) -> None:
    """average <- decay * average + (1 - decay) * network, for parameters and floating-point buffers.

    The first updates count more, so that random first weights are soon forgotten: the decay is at most
    (1 + updates) / (10 + updates). Counters and other integer buffers are copied.

    Args:
        average, network: two modules of one architecture.
        decay: in [0, 1).
        updates: how often it was updated before.
    """
    weight = 1 - min(decay, (1 + updates) / (10 + updates))
    own, others = [], []
    for mean, value in zip(_tensors(average), _tensors(network), strict=True):
        if mean.is_floating_point():
            own.append(mean)
            others.append(value)
        else:
            mean.copy_(value)
    torch._foreach_lerp_(own, others, weight)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return [tensor.detach() for tensor in (*network.parameters(), *network.buffers())]

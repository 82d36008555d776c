"""What makes windows alike: features of a window from inside the network that sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

CELLS = 4  # a side, into which the probabilities of a window are averaged


class DeepFeatures:
    """Averages over the window what the widest layer gives: the one with most channels, of several the last.

    Args:
        network: any network on images; it is left as it was.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._layer: nn.Module | None = None
        self._seen: list[Tensor] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is entered, forwards are watched."""
        layers = [self._layer] if self._layer is not None else _leaves(self._network)
        hooks = [layer.register_forward_hook(self._take) for layer in layers]
        self._seen, self._widest = [], 0
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def pooled(self) -> np.ndarray:
        """(B, D) float32 of the forward that was watched."""
        return self._seen[-1].float().mean((2, 3)).cpu().numpy()

    def _take(self, layer: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, Tensor) or output.dim() != 4 or output.shape[1] < self._widest:
            return
        self._layer, self._widest, self._seen = layer, output.shape[1], [output.detach()]


def pooled_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Class probabilities (K, H, W) averaged in `CELLS` x `CELLS` parts of the window: (K * CELLS**2,) float32."""
    tensor = torch.from_numpy(np.ascontiguousarray(probabilities, np.float32))
    pooled = nn.functional.adaptive_avg_pool2d(tensor, CELLS)
    return pooled.flatten().numpy()


def _leaves(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if not list(module.children())]

"""What tests of an exact resume need: the random state in a checkpoint, and equality to the bit."""

from typing import Any

import pytorch_lightning as pl
import torch


class RandomState(pl.Callback):
    """Keeps torch's random state in the checkpoint, as the project's own callback does."""

    def state_dict(self) -> dict[str, Any]:
        return {"torch": torch.get_rng_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.state = state_dict["torch"]

    def on_train_start(self, *_arguments: Any) -> None:
        if hasattr(self, "state"):
            torch.set_rng_state(self.state)


def same(first: Any, second: Any) -> bool:
    """Equality of nested dicts and lists, bit for bit for tensors."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second

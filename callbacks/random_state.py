"""The random numbers of a resumed run go on where the interrupted one stopped."""

import random
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch


class RandomState(pl.Callback):
    """Saves the states of torch's, numpy's and Python's global generators and restores them.

    They are restored right before the first batch of a resumed run, after everything that its start may have
    drawn. Validation gets them back as it found them, so how often one validates does not change the training.
    """

    def __init__(self) -> None:
        self._to_restore: dict[str, Any] | None = None
        self._before_validation: dict[str, Any] | None = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Restore what a checkpoint brought, once."""
        if self._to_restore is not None:
            restore(self._to_restore)
            self._to_restore = None

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember the state that training left."""
        self._before_validation = capture()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give training its state back."""
        if self._before_validation is not None:
            restore(self._before_validation)
            self._before_validation = None

    def state_dict(self) -> dict[str, Any]:
        """States of all generators, as tensors and plain values."""
        return self._before_validation or self._to_restore or capture()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states until the first batch."""
        self._to_restore = state_dict


def capture() -> dict[str, Any]:
    """States of the global generators, loadable with `weights_only=True`."""
    name, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002 (libraries draw from it)
    version, internal, gauss = random.getstate()
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": [
            str(name),
            torch.from_numpy(np.asarray(keys, dtype=np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
        "python": [version, list(internal), gauss],
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore(state: dict[str, Any]) -> None:
    """Set the global generators to a captured state."""
    torch.set_rng_state(state["torch"].cpu())
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))  # noqa: NPY002
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    if "cuda" in state and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([item.cpu() for item in state["cuda"]])

"""How long steps take, and how much of that is waiting for data."""

import time
from typing import Any

import pytorch_lightning as pl


class Timing(pl.Callback):
    """Logs `time/step_seconds` and `time/data_seconds` (means since the last log row), and sums for the results.

    `data_seconds` is what passes between the end of a batch and the start of the next, validation excluded.
    """

    def __init__(self) -> None:
        self.train_seconds = 0.0
        self.steps = 0
        self._step_begun: float | None = None
        self._last_end: float | None = None
        self._sums = {"step": 0.0, "data": 0.0, "count": 0}

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Begin a step."""
        now = time.perf_counter()
        if self._last_end is not None:
            self._sums["data"] += now - self._last_end
        self._step_begun = now

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """End a step; log the means when a row is due."""
        now = time.perf_counter()
        self._last_end = now
        if self._step_begun is not None:
            self._sums["step"] += now - self._step_begun
            self._sums["count"] += 1
            self.train_seconds += now - self._step_begun
            self.steps += 1
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if trainer.global_step % every == 0 and self._sums["count"]:
            count = self._sums["count"]
            values = {
                "time/step_seconds": self._sums["step"] / count,
                "time/data_seconds": self._sums["data"] / count,
            }
            pl_module.log_dict(values, on_step=True, on_epoch=False)
            self._sums = {"step": 0.0, "data": 0.0, "count": 0}

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validation is not waiting for data."""
        self._last_end = None

    def state_dict(self) -> dict[str, Any]:
        """Sums so far, so that a resumed run reports all of its training."""
        return {"train_seconds": self.train_seconds, "steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the sums back."""
        self.train_seconds, self.steps = state_dict["train_seconds"], state_dict["steps"]

    def result_sections(self) -> dict[str, Any]:
        """`training`: steps and seconds spent in them; empty where nothing was trained."""
        if not self.steps:
            return {}
        return {"training": {"steps": self.steps, "seconds": round(self.train_seconds, 3)}}

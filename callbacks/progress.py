"""A progress bar that is quiet where nobody watches."""

import sys
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar


class Progress(RichProgressBar):
    """Rich progress bar; where the output is a file or a pipe, one line per validation instead.

    Args:
        refresh_rate: batches between two updates of the bar.
    """

    def __init__(self, refresh_rate: int = 1) -> None:
        self.interactive = sys.stdout.isatty()
        super().__init__(refresh_rate=refresh_rate if self.interactive else 0)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report a validation in one line where there is no bar."""
        super().on_validation_end(trainer, pl_module)
        if self.interactive or trainer.sanity_checking or not trainer.is_global_zero:
            return
        values = {k: float(v) for k, v in trainer.callback_metrics.items() if k.startswith("val/")}
        total = f"/{trainer.max_steps}" if trainer.max_steps and trainer.max_steps > 0 else ""
        words = ", ".join(
            f"{name.removeprefix('val/')} {value:.4g}" for name, value in sorted(values.items())
        )
        print(f"step {trainer.global_step}{total}: {words}", flush=True)  # noqa: T201

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        """Without the version number, which means nothing here."""
        items = super().get_metrics(trainer, pl_module)
        items.pop("v_num", None)
        return items

"""Stopping when validation no longer improves."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping as LightningEarlyStopping


class EarlyStopping(LightningEarlyStopping):
    """Lightning's callback, with `patience: null` for "never" (so that it can be switched on by one key).

    Args:
        patience: validations without improvement before training stops; None: never.
        **kwargs: see `pytorch_lightning.callbacks.EarlyStopping`.
    """

    def __init__(self, patience: int | None = None, **kwargs: Any) -> None:
        super().__init__(patience=patience or 1, strict=True, **kwargs)
        self.enabled = patience is not None

    def _should_skip_check(self, trainer: pl.Trainer) -> bool:
        return not self.enabled or super()._should_skip_check(trainer)

    def _validate_condition_metric(self, logs: dict[str, Any]) -> bool:
        return self.enabled and super()._validate_condition_metric(logs)

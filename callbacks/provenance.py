"""Checkpoints know the config and the data they come from."""

from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf


class ConfigInCheckpoint(pl.Callback):
    """Adds `nadir: {config, data_specification}` to each checkpoint, as plain values.

    Args:
        config: the job's composed config; interpolations are kept.
        data_specification: what the pixels mean (`ImageSpecification.to_dict()`).
    """

    def __init__(self, config: DictConfig, data_specification: dict[str, Any]) -> None:
        self.record = {
            "config": OmegaConf.to_container(config, resolve=False),
            "data_specification": data_specification,
        }

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the record."""
        checkpoint["nadir"] = self.record

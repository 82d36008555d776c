"""The smallest LightningModule: one weight, losses that the test dictates."""

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint
from torch.utils.data import DataLoader, TensorDataset


class Line(pl.LightningModule):
    """Learns one number; its validation losses are given."""

    def __init__(self, losses=()):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.losses = list(losses)

    def training_step(self, batch, index):
        return (self.weight - 1) ** 2

    def validation_step(self, batch, index):
        self.log("val/loss", self.losses.pop(0))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def fit_line(callbacks, losses=(3.0, 1.0, 2.0), logger=False, **arguments):
    """Six steps, a validation after every second; returns the Trainer."""
    settings = {"max_steps": 6, "val_check_interval": 2, "enable_progress_bar": False, **arguments}
    trainer = pl.Trainer(
        **settings, check_val_every_n_epoch=None, num_sanity_val_steps=0, logger=logger, callbacks=callbacks,
        enable_model_summary=False, accelerator="cpu", log_every_n_steps=2,
        enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),
    )  # fmt: skip
    loader = DataLoader(TensorDataset(torch.zeros(6, 1)))
    trainer.fit(Line(losses), loader, DataLoader(TensorDataset(torch.zeros(1, 1))))
    return trainer

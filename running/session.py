"""The objects of one job, or of one satellite of it, built from its config: data, model, callbacks, loggers, trainer."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from pytorch_lightning.callbacks import ProgressBar

from callbacks.metrics_file import MetricsFile
from callbacks.provenance import ConfigInCheckpoint
from errors import UserError
from running import folders, mpi
from running.checkpoint_io import AtomicCheckpointIO, load_checkpoint
from running.instantiation import instantiate, instantiate_all
from running.parallel import adapt_trainer
from running.run_record import write_config


@dataclass(frozen=True)
class Seat:
    """The place of a satellite in its constellation: which part of the data is its own, and where it logs."""

    satellite: int
    num_satellites: int
    data_shard: str
    logger: Any


class Session:
    """What a procedure works with.

    Args:
        config: the composed config.
        folder: where the job, or the satellite, keeps its files.
        for_training: false: only test; nothing of a training is written.
        seat: of the satellite that trains; None on the ground.

    Attributes:
        config: the job's config, with what the data decided (the number of bands) filled in.
        datamodule, module, trainer: the objects.
    """

    def __init__(
        self, config: DictConfig, folder: Path, for_training: bool = True, seat: Seat | None = None
    ) -> None:
        self.config = config
        self.folder = folder
        self.for_training = for_training
        _quieten()
        if config.get("num_threads"):
            torch.set_num_threads(config.num_threads)
        pl.seed_everything(config.seed, workers=True, verbose=False)
        self.datamodule: Any = instantiate(config.data)
        if seat is not None:
            self.datamodule.satellite = seat.satellite
            self.datamodule.num_satellites = seat.num_satellites
            self.datamodule.data_shard = seat.data_shard
        self.datamodule.prepare_data()
        self.datamodule.setup("fit")
        self._fill_in_from_data()
        records = for_training and seat is None
        if records:
            write_config(folder, config)
        pl.seed_everything(
            config.seed, workers=True, verbose=False
        )  # weights do not depend on how data were made
        self.module: pl.LightningModule = instantiate(config.model)
        self.callbacks = instantiate_all(config.callbacks)
        if not config.trainer.enable_progress_bar:
            self.callbacks = [each for each in self.callbacks if not isinstance(each, ProgressBar)]
        self.callbacks.append(ConfigInCheckpoint(config, self.datamodule.specification.to_dict()))
        self.loggers = open_loggers(config, folder) if seat is None else [seat.logger]
        if records:
            self.loggers.insert(0, MetricsFile(folder / "metrics.csv"))
        self.trainer: pl.Trainer = self._trainer()
        if records:
            resumed = config.get("resume") not in (None, "start")
            self.loggers[0].rewind(int(load_checkpoint(Path(config.resume))["global_step"]) if resumed else 0)

    def results(self) -> dict[str, Any]:
        """The content of `results.json`: test metrics and the sections of callbacks and module."""
        metrics = {
            name.removeprefix("test/"): float(value)
            for name, value in self.trainer.callback_metrics.items()
            if name.startswith("test/")
        }
        results: dict[str, Any] = {
            "schema": "nadir-results/1",
            "experiment": self.config.experiment_name,
            "data": {
                "source": _source_of(self.config),
                **self.datamodule.specification.to_dict(),
            },
            "metrics": metrics,
        }
        for source in (*self.callbacks, self.module):
            if hasattr(source, "result_sections"):
                for name, section in source.result_sections().items():
                    if name == "metrics":
                        results["metrics"].update(section)
                    else:
                        results[name] = section
        return results

    def _fill_in_from_data(self) -> None:
        """What the config leaves to the data (the bands) becomes part of the record."""
        for key, found in getattr(self.datamodule, "decided", {}).items():
            OmegaConf.update(self.config.data, key, found)
        model = self.config.model
        for key, found in self.datamodule.channels.items():
            if key not in model:
                continue
            if model[key] is None:
                with open_dict(self.config):
                    model[key] = found
            elif model[key] != found:
                raise UserError(f"{_source_of(self.config)}: {_other_bands(found, model[key])} (model.{key})")

    def _trainer(self) -> pl.Trainer:
        node = self.config.trainer
        if (
            isinstance(node.val_check_interval, int)
            and node.max_steps
            and 0 < node.max_steps < node.val_check_interval
        ):
            with open_dict(node):
                node.val_check_interval = node.max_steps  # a short training is validated once, at its end
        plugins = [AtomicCheckpointIO(), *adapt_trainer(node, self.for_training)]
        trainer: pl.Trainer = instantiate(
            node, callbacks=self.callbacks, logger=self.loggers, plugins=plugins
        )
        return trainer


def _other_bands(found: Any, expected: Any) -> str:
    """What is wrong with data that do not fit the model's bands: names, or numbers of bands."""
    if OmegaConf.is_list(expected) and any(isinstance(item, str) for item in expected):
        return f"found the bands {', '.join(map(str, found))}, expected {', '.join(expected)}"
    return f"found images of {found} bands, expected {expected}"


def _source_of(config: DictConfig) -> str:
    """What the data were made of: a folder, the products that were trained on, or how they were generated."""
    for key in ("data.root", "data.images", "data.train"):
        given = OmegaConf.select(config, key)
        if given is not None:
            return ", ".join(map(str, given)) if OmegaConf.is_list(given) else str(given)
    return str(config.data._target_)


def open_loggers(config: DictConfig, folder: Path) -> list[Any]:
    """The dashboards of a job, which rank 0 owns; a resumed job goes on with its W&B run, a sweep is a group there."""
    if mpi.rank() != 0:
        return []
    os.environ.setdefault("WANDB_SILENT", "true")  # the run folder already says where everything is
    identity = folder / "wandb_id.txt"
    node = config.logger.get("wandb") if config.get("logger") else None
    if node is not None and folder.name.startswith("job_"):
        node.group = folder.parent.name  # the jobs of a sweep stand together on the dashboard
    if node is not None and identity.exists() and node.get("id") is None:
        node.id = identity.read_text().strip()
    loggers = instantiate_all(config.logger)
    for logger in loggers:
        if type(logger).__name__ == "WandbLogger":
            folders.write_text(identity, f"{logger.experiment.id}\n")
    return loggers


def close_loggers(loggers: list[Any], failed: bool) -> None:
    """Close dashboards whatever happened: an open W&B run would swallow the next job's."""
    for logger in loggers:
        logger.finalize("failed" if failed else "success")
    if "wandb" in sys.modules:
        wandb = sys.modules["wandb"]
        if wandb.run is not None:
            wandb.finish(exit_code=int(failed))


def load_weights(module: pl.LightningModule, checkpoint: Path) -> None:
    """Put the weights of a checkpoint into a module, as a test or a prediction needs them.

    Raises:
        UserError: not a checkpoint, or one of another model.
    """
    content = load_checkpoint(checkpoint)
    check_matches(module, content, checkpoint)
    module.on_load_checkpoint(content)
    module.load_state_dict(content["state_dict"])


def check_matches(module: pl.LightningModule, content: dict[str, Any], checkpoint: Path) -> None:
    """Refuse a checkpoint whose tensors do not fit the model.

    Raises:
        UserError: names the file and the first tensor that is missing, left over or of another shape.
    """
    saved = content["state_dict"]
    own = module.state_dict()
    coder = {name for name in {*saved, *own} if name.rsplit(".", 1)[-1] in _CODER_BUFFERS}
    for name in sorted({*saved, *own} - coder):
        found = tuple(saved[name].shape) if name in saved else "nothing"
        expected = tuple(own[name].shape) if name in own else "nothing"
        if found != expected:
            raise UserError(
                f"{checkpoint}: a checkpoint of another model: found {found} for '{name}', expected {expected}"
            )


@contextmanager
def open_session(config: DictConfig, folder: Path, for_training: bool = True) -> Iterator[Session]:
    """A `Session` whose loggers are closed whatever happens."""
    session: Session | None = None
    failed = True
    try:
        session = Session(config, folder, for_training)
        yield session
        failed = False
    finally:
        close_loggers([] if session is None else session.loggers, failed)


_CODER_BUFFERS = ("_quantized_cdf", "_offset", "_cdf_length", "scale_table")


def _quieten() -> None:
    """Lightning's tips and the warnings that our settings make void."""
    for name in ("pytorch_lightning", "lightning_fabric", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for words in (
        "The '.*_dataloader' does not have many workers",
        "The number of training batches",
        "You're resuming from a checkpoint that ended before the epoch",
        "Checkpoint directory .* exists",
        ".*torch.jit.script.* is deprecated",
        "It is recommended to use `self.log\\(.*sync_dist=True\\)`",
        ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated",
    ):
        warnings.filterwarnings("ignore", message=words)

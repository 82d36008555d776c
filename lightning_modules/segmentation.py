"""Semantic segmentation of scenes: any network of the registry, any bands, any classes."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor

from errors import UserError
from lightning_modules.band_statistics_file import read_band_statistics, read_log_constants
from lightning_modules.ema import averaged_copy, update_average
from lightning_modules.memory import keep_freed_memory
from lightning_modules.optimization import (
    OptimizerFactory,
    SchedulerFactory,
    build_scheduler,
    check_ema_decay,
    check_scheduler_interval,
    check_trainer,
    clip_gradients,
    is_due,
    step_scheduler,
)
from lightning_modules.segmentation_losses import IGNORE, WEIGHTINGS, SegmentationLoss, class_weights
from lightning_modules.segmentation_pictures import draw_segmentation
from lightning_modules.segmentation_validation import ConfusionSums
from networks.band_normalisation import LogNormalisation, build_band_normalisation
from networks.segmentation import build_segmentation_network
from networks.segmenter import Segmenter


class Classes(Protocol):
    """What is asked of a table of classes."""

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]


class Segmentation(pl.LightningModule):
    """Trains and tests any network of `networks.segmentation.SEGMENTATION_NETWORKS`.

    Batches are dicts: `image` (B, C, H, W) float32 harmonised digital numbers (auxiliary layers in units of their own),
    `mask` (B, H, W) int64 class indices with 255 where nothing is known, `valid` (B, 1, H, W) bool; where that is False
    the network sees 0, and the mask counts as 255. Any size.

    Args:
        network: name of the network, `network_options` its options, see `build_segmentation_network`.
        bands: names of the channels, in order; auxiliary layers are bands too.
        classes: a table of classes (`conf/classes`), or their names in the order of their indices.
        optimizer: factory that gets the network's parameters.
        auxiliary_layers: {name: facts} of those layers among the bands (`conf/auxiliary_layers`).
        normalisation: {kind: standard, linear, log or none, file: None, linear: {...}, log: {...}}, see
            `networks.band_normalisation`; `standard` takes the statistics of the training data, or of `file`, at the start
            of a training and keeps them in the checkpoint; `log` takes its constants from `file` where there is one.
        loss: cross_entropy, dice, focal or lovasz, or several as in "cross_entropy+0.5*dice".
        class_weighting: none, inverse_sqrt (as published) or inverse; by the pixels of the training data.
        cross_entropy_mean: weights or pixels (as published), see `SegmentationLoss`.
        focal_gamma: exponent of the focal loss.
        scheduler: factory taking the optimizer; None = constant learning rate.
        scheduler_interval: step (every batch), epoch (every len(train loader) batches) or validation (after each
            validation; for plateaus).
        gradient_clip_norm: largest norm of the gradient, None or 0 = not clipped.
        ema_decay: predictions come from an exponential moving average of the weights; None = none.
        test_batch: images at once through the network in validation and test; None = the whole batch.
        channels_last: memory layout of activations; faster, results differ in rounding.
        predict_task: what `predict.py` does with the model.

    Attributes:
        network: the `Segmenter` that predicts.

    Raises:
        UserError: an unknown name, or what cannot be.
    """

    def __init__(
        self,
        *,
        network: str,
        bands: Sequence[str] | None,
        classes: Classes | Sequence[str],
        optimizer: OptimizerFactory,
        network_options: Mapping[str, Any] | None = None,
        auxiliary_layers: Mapping[str, Mapping[str, Any]] | None = None,
        normalisation: Mapping[str, Any] | None = None,
        loss: str | Mapping[str, float] = "cross_entropy",
        class_weighting: str = "none",
        cross_entropy_mean: str = "weights",
        focal_gamma: float = 2.0,
        scheduler: SchedulerFactory | None = None,
        scheduler_interval: str = "step",
        gradient_clip_norm: float | None = None,
        ema_decay: float | None = None,
        test_batch: int | None = None,
        channels_last: bool = True,
        predict_task: str = "segment",
    ) -> None:
        super().__init__()
        check_scheduler_interval(scheduler_interval)
        check_ema_decay(ema_decay)
        if class_weighting not in WEIGHTINGS:
            raise UserError(
                f"model.class_weighting: found {class_weighting!r}, expected one of {', '.join(WEIGHTINGS)}"
            )
        if not bands:
            raise UserError(
                "model.bands: found none, expected names of bands, or null and data that have some"
            )
        names: Any = getattr(classes, "names", classes)
        if not names or isinstance(names, str) or len(names) < 2:
            raise UserError(
                f"model.classes: found {classes!r}, expected a table of conf/classes such as classes=clouds"
            )
        self.automatic_optimization = False
        built, multiple = build_segmentation_network(network, len(bands), len(names), network_options)
        settings: dict[str, Any] = {"kind": "standard", "file": None, "linear": None, "log": None}
        for key, value in (normalisation or {}).items():
            if key not in settings:
                raise UserError(f"model.normalisation: found {key!r}, expected {', '.join(settings)}")
            settings[key] = value
        kind, statistics_file = settings.pop("kind"), settings.pop("file")
        if statistics_file is not None and kind not in ("standard", "log"):
            raise UserError(
                f"model.normalisation.file: found {statistics_file}, expected null with kind={kind}"
            )
        if statistics_file is not None:
            settings["log"] = {}
        self.network = Segmenter(
            built,
            bands=bands,
            classes=names,
            normalisation=build_band_normalisation(kind, bands, auxiliary_layers, **settings),
            multiple=multiple,
            name=network,
            channels_last=channels_last,
        )
        self.live_network: Segmenter | None = None
        if ema_decay is not None:
            self.live_network = self.network  # the one that learns; predictions come from its average
            self.network = averaged_copy(self.live_network)
        self.loss = SegmentationLoss(loss, len(names), mean=cross_entropy_mean, focal_gamma=focal_gamma)
        self.colours = _colours(classes, len(names))
        self.statistics_file = statistics_file
        self.class_weighting = class_weighting
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.scheduler_interval = scheduler_interval
        self.gradient_clip_norm = gradient_clip_norm
        self.ema_decay = ema_decay
        self.test_batch = test_batch
        self.predict_task = predict_task
        self._validation = ConfusionSums(names)

    @property
    def trained_network(self) -> Segmenter:
        """The network that learns: `network`, or where that is an average the one it is the average of."""
        return self.network if self.live_network is None else self.live_network

    def forward(self, image: Tensor, valid: Tensor | None = None) -> Tensor:
        """Logits (B, K, H, W) of (B, C, H, W) harmonised digital numbers, any size."""
        logits: Tensor = self.network(image, valid)
        return logits

    # Training

    def setup(self, stage: str) -> None:
        """Before a training: statistics of bands and pixels by class from the data; a checkpoint's take their place."""
        if stage != "fit":
            return
        data: Any = getattr(self.trainer, "datamodule", None)
        normalisations: list[Any] = [self.network.normalisation, self.trained_network.normalisation]
        if self.statistics_file is not None and isinstance(normalisations[0], LogNormalisation):
            constants = read_log_constants(self.statistics_file)
            for normalisation in normalisations:
                normalisation.take(**constants)
        elif self.statistics_file is not None or hasattr(data, "band_statistics"):
            statistics = (
                data.band_statistics()
                if self.statistics_file is None
                else read_band_statistics(self.statistics_file, self.network.bands)
            )
            for normalisation in normalisations:
                normalisation.fit(**statistics)
        if self.class_weighting != "none":
            if not hasattr(data, "class_counts"):
                raise UserError(
                    f"model.class_weighting={self.class_weighting} needs data that count pixels by class; "
                    "give model.class_weighting=none"
                )
            self.loss.weights.copy_(class_weights(data.class_counts(), self.class_weighting))

    def configure_optimizers(self) -> Any:
        """The optimizer, with its scheduler if there is one."""
        optimizer = self.optimizer(list(self.trained_network.parameters()))
        scheduler = build_scheduler(self.scheduler, optimizer, self.trainer)
        return [optimizer], [] if scheduler is None else [scheduler]

    def on_fit_start(self) -> None:
        """On a CPU, keep freed memory for the next step."""
        if self.device.type == "cpu":
            keep_freed_memory()

    def on_train_start(self) -> None:
        """Look at what the Trainer was asked for; see `check_trainer`."""
        check_trainer(self.trainer, self.scheduler_interval)

    def training_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """One batch, one step of the optimizer; `global_step` grows by one."""
        optimizer = cast(LightningOptimizer, self.optimizers())
        optimizer.zero_grad()
        network, updates = self.trained_network, self.global_step
        loss = self.loss(network(batch["image"], batch["valid"]), _known(batch))
        self.manual_backward(loss)
        clip_gradients(optimizer, self.gradient_clip_norm)
        optimizer.step()
        if self.ema_decay is not None:
            update_average(self.network, network, self.ema_decay, updates)
        self._step_scheduler()
        # Logging costs more than its worth on a fast device, so only where the loggers look.
        if self.global_step % max(1, self.trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            self.log("train/loss", loss.detach(), batch_size=len(batch["image"]))
            self.log("train/learning_rate", optimizer.param_groups[0]["lr"])

    def _step_scheduler(self, validation_loss: Tensor | None = None) -> None:
        """Step the scheduler if it is time; `global_step` has been counted, or a validation has given its loss."""
        scheduler = self.lr_schedulers()
        batches, validated = self.trainer.num_training_batches, validation_loss is not None
        if scheduler is not None and is_due(
            self.scheduler_interval, self.global_step, batches, validated=validated
        ):
            step_scheduler(scheduler, validation_loss)  # type: ignore[arg-type]

    # Validation and test

    def on_validation_epoch_start(self) -> None:
        """Start the sums."""
        self._validation = ConfusionSums(self.network.classes)

    def validation_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """Add a batch to the sums."""
        mask = _known(batch)
        logits = self._logits(batch)
        self._validation.add(logits.argmax(1), mask, self.loss(logits, mask))

    def on_validation_epoch_end(self) -> None:
        """Log the figures of the whole set; let a scheduler that waits for validation step."""
        figures = self._validation.figures(self._summed)
        self.log_dict({f"val/{name}": value for name, value in figures.items()})
        if figures and self.trainer.state.fn == "fit" and not self.trainer.sanity_checking:
            self._step_scheduler(figures["loss"])

    def test_step(self, batch: Mapping[str, Any], batch_index: int) -> dict[str, Tensor]:
        """Segment a batch: {probabilities (B, K, H, W) float32, prediction (B, H, W) uint8}."""
        probabilities = self._logits(batch).softmax(1)
        return {"probabilities": probabilities, "prediction": probabilities.argmax(1).to(torch.uint8)}

    def _logits(self, batch: Mapping[str, Any]) -> Tensor:
        image, valid = batch["image"], batch["valid"]
        size = self.test_batch or len(image)
        parts = [self.network(image[i : i + size], valid[i : i + size]) for i in range(0, len(image), size)]
        return torch.cat(parts).float()

    def _summed(self, value: Tensor) -> Tensor:
        """The sum over processes."""
        total: Tensor = self.trainer.strategy.reduce(value, reduce_op="sum")
        return total

    def pictures(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Images to look at: {image, truth, prediction, error, confidence}, see `draw_segmentation`."""
        was_training = self.network.training
        self.network.eval()
        with torch.no_grad():
            probabilities = self._logits(batch).softmax(1)
        self.network.train(was_training)
        return draw_segmentation(
            batch["image"], batch["valid"], _known(batch), probabilities, self.network.bands,
            self.colours.to(probabilities.device),
        )  # fmt: skip


def _known(batch: Mapping[str, Any]) -> Tensor:
    """The mask, 255 where the image is not valid."""
    mask: Tensor = batch["mask"]
    return mask.masked_fill(~batch["valid"].squeeze(1), IGNORE)


def _colours(classes: Any, count: int) -> Tensor:
    """(K, 3) in [0, 1]: those of the table, or shades of grey."""
    given = getattr(classes, "colours", None)
    if given is None:
        return torch.linspace(0, 1, count)[:, None].expand(count, 3)
    return torch.tensor(given, dtype=torch.float32) / 255

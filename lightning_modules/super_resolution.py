"""Super-resolution: the coarse bands of an instrument on its finest grid, learned one resolution further down."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor

from errors import UserError
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
from lightning_modules.super_resolution_validation import ValidationSums, masked_error
from lightning_modules.translation_pictures import draw_translation
from networks.dsen2 import build_super_resolution_network
from networks.super_resolver import SuperResolver


class Instrument(Protocol):
    """What is asked of a sensor."""

    name: str

    def inputs_of(self, target_m: int) -> dict[int, tuple[str, ...]]:
        """Names of the bands of each grid up to `target_m`, finest first."""


class SuperResolution(pl.LightningModule):
    """Trains and tests any network of `networks.dsen2.NETWORKS` by L1 on the network's own scale.

    Batches are dicts: `inputs` {ground sample distance in m: (B, C, H, W)} float32 harmonised digital numbers without NaN,
    all on one grid, `target` (B, Ct, H, W) alike (anything where it is not valid), `valid` (B, Ct, H, W) bool, and where
    there is one `bicubic` (B, Ct, H, W), the baseline that figures are compared with.

    Args:
        network: name of the network, `network_options` its keyword arguments.
        sensor: the instrument; its bands up to `target_m` are the inputs.
        target_m: ground sample distance of the bands to sharpen, in m.
        normalisation: {scale, offset}: the network sees (digital number + offset) / scale.
        optimizer: factory that gets the network's parameters.
        in_channels: bands of each input group, finest first; None = what the sensor has.
        scheduler: factory taking the optimizer; None = constant learning rate.
        scheduler_interval: step (every batch), epoch (every len(train loader) batches) or validation (after each
            validation; for plateaus).
        gradient_clip_norm: largest norm of the gradient, None or 0 = not clipped.
        ema_decay: predictions come from an exponential moving average of the weights; None = none.
        test_batch: images at once through the network in validation and test; None = the whole batch.
        channels_last: memory layout of activations; faster, results differ in rounding.
        predict_task: what `predict.py` does with the model.

    Raises:
        UserError: an unknown name, or bands that the sensor does not have.
    """

    def __init__(
        self,
        *,
        network: str,
        sensor: Instrument,
        target_m: int,
        normalisation: Mapping[str, float],
        optimizer: OptimizerFactory,
        network_options: Mapping[str, Any] | None = None,
        in_channels: Sequence[int] | None = None,
        scheduler: SchedulerFactory | None = None,
        scheduler_interval: str = "step",
        gradient_clip_norm: float | None = None,
        ema_decay: float | None = None,
        test_batch: int | None = None,
        channels_last: bool = True,
        predict_task: str = "super_resolve",
    ) -> None:
        super().__init__()
        check_scheduler_interval(scheduler_interval)
        check_ema_decay(ema_decay)
        if not hasattr(sensor, "inputs_of"):
            raise UserError(f"model.sensor: found {sensor!r}, expected an instrument of conf/sensor")
        if set(normalisation) != {"scale", "offset"}:
            raise UserError(f"model.normalisation: found {sorted(normalisation)}, expected scale and offset")
        bands = sensor.inputs_of(target_m)
        channels = [len(names) for names in bands.values()]
        if in_channels is not None and list(in_channels) != channels:
            raise UserError(
                f"model.in_channels: found {list(in_channels)}, expected {channels}, "
                f"the bands of {sensor.name} up to {target_m} m"
            )
        self.automatic_optimization = False
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = SuperResolver(
            build_super_resolution_network(network, channels, network_options),
            sensor=sensor.name,
            bands=bands,
            scale=normalisation["scale"],
            offset=normalisation["offset"],
            source="a training run of Nadir",
            channels_last=channels_last,
        )
        self.live_network: SuperResolver | None = None
        if ema_decay is not None:
            self.live_network = self.network  # the one that learns; predictions come from its average
            self.network = averaged_copy(self.live_network)
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.scheduler_interval = scheduler_interval
        self.gradient_clip_norm = gradient_clip_norm
        self.ema_decay = ema_decay
        self.test_batch = test_batch
        self.predict_task = predict_task
        self._validation = ValidationSums(self.network.scale)

    @property
    def trained_network(self) -> SuperResolver:
        """The network that learns: `network`, or where that is an average the one it is the average of."""
        return self.network if self.live_network is None else self.live_network

    def forward(self, inputs: Mapping[int, Tensor]) -> Tensor:
        """Sharpen {m: (B, C, H, W)}, harmonised digital numbers in and out, any size."""
        prediction: Tensor = self.network(inputs)
        return prediction

    # Training

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
        target, valid = self._laid_out(batch["target"]), batch["valid"]
        prediction = network.normalised({m: self._laid_out(group) for m, group in batch["inputs"].items()})
        error = masked_error(prediction, network.normalise(target), valid)
        loss = error.abs().sum() / valid.sum().clamp(min=1)
        self.manual_backward(loss)
        clip_gradients(optimizer, self.gradient_clip_norm)
        optimizer.step()
        if self.ema_decay is not None:
            update_average(self.network, network, self.ema_decay, updates)
        self._step_scheduler()
        # Logging costs more than its worth on a fast device, so only where the loggers look.
        if self.global_step % max(1, self.trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            self.log("train/loss", loss.detach(), batch_size=len(target))
            self.log("train/learning_rate", optimizer.param_groups[0]["lr"])

    def _laid_out(self, image: Tensor) -> Tensor:
        """One layout for all: arithmetic between two layouts is slow."""
        return image.contiguous(memory_format=self.memory_format)

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
        self._validation = ValidationSums(self.network.scale)

    def validation_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """Add a batch to the sums."""
        self._validation.add(self._predict(batch), batch["target"], batch["valid"], batch.get("bicubic"))

    def on_validation_epoch_end(self) -> None:
        """Log the means; let a scheduler that waits for validation step."""
        means = {f"val/{name}": value for name, value in self._validation.means().items()}
        self.log_dict(means, sync_dist=True)
        if means and self.trainer.state.fn == "fit" and not self.trainer.sanity_checking:
            self._step_scheduler(means["val/loss"])

    def test_step(self, batch: Mapping[str, Any], batch_index: int) -> dict[str, Tensor]:
        """Sharpen a batch: {prediction (B, Ct, H, W) float32 harmonised digital numbers}."""
        return {"prediction": self._predict(batch)}

    def _predict(self, batch: Mapping[str, Any]) -> Tensor:
        inputs = batch["inputs"]
        count = len(batch["target"])
        parts = [slice(i, i + (self.test_batch or count)) for i in range(0, count, self.test_batch or count)]
        return torch.cat([self.network({m: group[part] for m, group in inputs.items()}) for part in parts])

    def pictures(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Images to look at: {bilinear, prediction, target, error}, (B, 3 or 1, H, W) in [0, 1], see `draw_translation`.

        Three target bands from the longest wavelength to the shortest (in the order of the sensor); of `inputs` as many
        images as there are targets.
        """
        was_training = self.network.training
        self.network.eval()
        count = len(batch["target"])
        with torch.no_grad():
            inputs = {m: group[:count] for m, group in batch["inputs"].items()}
            prediction = self._predict({**batch, "inputs": inputs})
        self.network.train(was_training)
        images = [inputs[self.network.target_m], prediction, batch["target"], batch["valid"]]
        last = images[0].shape[1] - 1
        shown = [last, last // 2, 0] if last > 1 else [0]
        source, prediction, target, valid = (image[:, shown] for image in images)
        drawn = draw_translation(source, prediction, target, valid.all(1, keepdim=True))
        return {("bilinear" if name == "source" else name): image for name, image in drawn.items()}

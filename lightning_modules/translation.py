"""Image translation by regression or by a conditional GAN: cloud removal, super-resolution, SAR to optical."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor

from errors import UserError
from lightning_modules.adversarial import AdversarialLoss, Alternation
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
    step_uncounted,
)
from lightning_modules.scene_memory import SceneMemory
from lightning_modules.translation_losses import TranslationLoss
from lightning_modules.translation_pictures import draw_translation
from lightning_modules.translation_validation import ValidationSums
from networks.patchgan import PatchGAN
from networks.translation import Translator, build_translator, normalised, plain


class Translation(pl.LightningModule):
    """Trains and tests any generator of `networks.translation.GENERATORS`, alone or against a `PatchGAN`.

    Batches are dicts: `source` (B, Cs, H, W) float32 raw without NaN, `target` (B, C, H, W) float32 raw, `valid`
    (B, 1, H, W) bool, `scene` (list of B str) and `frame` (B,); in training also sequences, with an axis T of
    consecutive frames after B. Raw values are those of frame files, declared range [0, 1], nothing is clamped.

    The generator's loss is `TranslationLoss` plus `adversarial_weight` times its adversarial loss. A recurrent
    model runs through a sequence with its own predictions as memory, detached, and learns from the mean over the
    frames; others take the frames of a sequence as so many images. The discriminator sees image and source.

    Args:
        network: name of the generator, `network_options` its keyword arguments.
        in_channels, out_channels: bands of source and target.
        optimizer, optimizer_discriminator: factories; the first gets the generator's parameters and no others.
        recurrent: the previous prediction is an input.
        residual: the generator's output is added to the first bands of the source.
        reconstruction: {loss: smooth_l1, l1, mse or charbonnier, weight}.
        ssim_weight: of 1 - SSIM.
        adversarial_weight: 0 = regression: there is no discriminator.
        adversarial_loss: bce or lsgan.
        real_label: [lowest, highest]: the discriminator's labels of real patches are drawn between the two.
        discriminator_options: keyword arguments of `PatchGAN`.
        alternation: {generator_batches, discriminator_batches}: whose turn it is, by counted batches.
        scheduler, scheduler_discriminator: factories taking the optimizer; None = constant learning rate.
        scheduler_interval: step (every batch), epoch (every len(train loader) batches) or validation (after each
            validation; for plateaus). All batches count, whoever learned from them.
        gradient_clip_norm: largest norm of the gradient of each of the two, None or 0 = not clipped.
        ema_decay: predictions come from an exponential moving average of the generator's weights; None = none.
        test_batch: images at once through the network in validation and test; None = the whole batch.
        channels_last: memory layout of activations; faster, results differ in rounding.
        predict_task: what `predict.py` does with the model.
    """

    def __init__(
        self,
        *,
        network: str,
        in_channels: int,
        out_channels: int,
        optimizer: OptimizerFactory,
        optimizer_discriminator: OptimizerFactory | None = None,
        network_options: Mapping[str, Any] | None = None,
        recurrent: bool = False,
        residual: bool = False,
        reconstruction: Mapping[str, Any] | None = None,
        ssim_weight: float = 0.0,
        adversarial_weight: float = 0.0,
        adversarial_loss: str = "bce",
        real_label: Sequence[float] = (1.0, 1.0),
        discriminator_options: Mapping[str, Any] | None = None,
        alternation: Mapping[str, int] | None = None,
        scheduler: SchedulerFactory | None = None,
        scheduler_discriminator: SchedulerFactory | None = None,
        scheduler_interval: str = "step",
        gradient_clip_norm: float | None = None,
        ema_decay: float | None = None,
        test_batch: int | None = None,
        channels_last: bool = True,
        predict_task: str = "translate",
    ) -> None:
        super().__init__()
        check_scheduler_interval(scheduler_interval)
        check_ema_decay(ema_decay)
        if adversarial_weight < 0:
            raise UserError(f"model.adversarial_weight: found {adversarial_weight}, expected 0 or more")
        if adversarial_weight and optimizer_discriminator is None:
            raise UserError(
                "model.optimizer_discriminator: found null, expected an optimizer for the discriminator"
            )
        self.automatic_optimization = False
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network: Translator = build_translator(
            network, in_channels, out_channels, network_options, recurrent=recurrent, residual=residual
        ).to(memory_format=self.memory_format)
        self.live_network: Translator | None = None
        if ema_decay is not None:
            self.live_network = self.network  # the one that learns; predictions come from its average
            self.network = averaged_copy(self.live_network)
        self.discriminator: PatchGAN | None = None
        if adversarial_weight:
            self.discriminator = PatchGAN(
                in_channels + out_channels, **plain(discriminator_options or {})
            ).to(memory_format=self.memory_format)
        self.loss = TranslationLoss(
            **{
                ("reconstruction" if key == "loss" else key): value
                for key, value in (reconstruction or {}).items()
            },
            ssim_weight=ssim_weight,
        )
        self.adversarial_weight = float(adversarial_weight)
        self.adversarial = AdversarialLoss(adversarial_loss, *map(float, real_label))
        self.alternation = Alternation(**(alternation or {})) if adversarial_weight else Alternation(1, 0)
        self.optimizer = optimizer
        self.optimizer_discriminator = optimizer_discriminator
        self.scheduler = scheduler
        self.scheduler_discriminator = scheduler_discriminator
        self.scheduler_interval = scheduler_interval
        self.gradient_clip_norm = gradient_clip_norm
        self.ema_decay = ema_decay
        self.test_batch = test_batch
        self.predict_task = predict_task
        self._newest: dict[str, Tensor] = {}  # terms of the latest batch of generator and discriminator
        self._memory = SceneMemory()
        self._validation = ValidationSums()

    @property
    def trained_network(self) -> Translator:
        """The translator that learns: `network`, or where that is an average the one it is the average of."""
        return self.network if self.live_network is None else self.live_network

    def forward(self, source: Tensor, previous: Tensor | None = None) -> Tensor:
        """Translate (B, Cs, H, W) raw into (B, C, H, W) raw, any size."""
        prediction: Tensor = self.network(source, previous)
        return prediction

    # Training

    def configure_optimizers(self) -> Any:
        """The optimizer of the generator, then that of the discriminator, each with its scheduler if there is one."""
        optimizers = [self.optimizer(list(self.trained_network.parameters()))]
        schedulers = [build_scheduler(self.scheduler, optimizers[0], self.trainer)]
        if self.discriminator is not None:
            assert self.optimizer_discriminator is not None
            optimizers.append(self.optimizer_discriminator(list(self.discriminator.parameters())))
            schedulers.append(build_scheduler(self.scheduler_discriminator, optimizers[1], self.trainer))
        return optimizers, [scheduler for scheduler in schedulers if scheduler is not None]

    def on_fit_start(self) -> None:
        """On a CPU, keep freed memory for the next step."""
        if self.device.type == "cpu":
            keep_freed_memory()

    def on_train_start(self) -> None:
        """Look at what the Trainer was asked for; see `check_trainer`."""
        check_trainer(self.trainer, self.scheduler_interval)

    def training_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """One batch for the generator, the discriminator or both; `global_step` grows by one."""
        generator, discriminator = self._own_optimizers()
        sources, targets, valids = self._sequence(batch)
        trains_generator = self.alternation.trains_generator(self.global_step)
        trains_discriminator = self.discriminator is not None and self.alternation.trains_discriminator(
            self.global_step
        )
        updates = self.alternation.generator_updates(self.global_step)
        values: dict[str, Tensor] = {}
        if trains_generator:
            predictions, values = self._train_generator(generator, sources, targets, valids)
            if self.ema_decay is not None:
                update_average(self.network, self.trained_network, self.ema_decay, updates)
        else:
            predictions = self._predictions(sources)
        if trains_discriminator:
            assert discriminator is not None
            values |= self._train_discriminator(
                discriminator, sources, targets, valids, predictions, counted=not trains_generator
            )
        self._step_schedulers()
        self._log_training(values, len(batch["target"]))

    def _train_generator(
        self,
        optimizer: LightningOptimizer,
        sources: list[Tensor],
        targets: list[Tensor],
        valids: list[Tensor],
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """A step of the generator; its predictions and the mean terms of its loss over the frames."""
        optimizer.zero_grad()
        if self.discriminator is not None:
            self.discriminator.requires_grad_(False)
        predictions: list[Tensor] = []
        means: dict[str, Tensor] = {}
        for source, target, valid in zip(sources, targets, valids, strict=True):
            prediction = self.trained_network(source, predictions[-1] if predictions else None)
            terms = self.loss(prediction, target, valid)
            if self.discriminator is not None:
                fake = self.discriminator(_seen(prediction, source, valid))
                terms["adversarial"] = self.adversarial.of_generator(fake)
                terms["loss"] = terms["loss"] + self.adversarial_weight * terms["adversarial"]
            # frame by frame, so that the memory in use does not grow with the length of the sequence
            self.manual_backward(terms["loss"] / len(sources))
            predictions.append(prediction.detach())
            for name, value in terms.items():
                means[name] = means.get(name, 0.0) + value.detach() / len(sources)
        if self.discriminator is not None:
            self.discriminator.requires_grad_(True)
        clip_gradients(optimizer, self.gradient_clip_norm)
        optimizer.step()
        return predictions, means

    def _train_discriminator(
        self,
        optimizer: LightningOptimizer,
        sources: list[Tensor],
        targets: list[Tensor],
        valids: list[Tensor],
        predictions: list[Tensor],
        counted: bool,
    ) -> dict[str, Tensor]:
        """A step of the discriminator on finished predictions; its loss and scores."""
        assert self.discriminator is not None
        optimizer.zero_grad()
        means: dict[str, Tensor] = {}
        for source, target, valid, prediction in zip(sources, targets, valids, predictions, strict=True):
            real = self.discriminator(_seen(target, source, valid))
            fake = self.discriminator(_seen(prediction, source, valid))
            loss = self.adversarial.of_discriminator(real, fake)
            self.manual_backward(loss / len(sources))
            terms = {
                "discriminator_loss": loss.detach(),
                **self.adversarial.scores(real.detach(), fake.detach()),
            }
            for name, value in terms.items():
                means[name] = means.get(name, 0.0) + value / len(sources)
        clip_gradients(optimizer, self.gradient_clip_norm)
        if counted:
            optimizer.step()
        else:
            step_uncounted(optimizer)
        return means

    @torch.no_grad()
    def _predictions(self, sources: list[Tensor]) -> list[Tensor]:
        predictions: list[Tensor] = []
        for source in sources:
            predictions.append(self.trained_network(source, predictions[-1] if predictions else None))
        return predictions

    def _sequence(self, batch: Mapping[str, Any]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Sources, targets and valid masks of a batch, frame after frame; one entry where order means nothing."""
        tensors = [batch["source"], batch["target"], batch["valid"]]
        if tensors[0].ndim == 4:
            frames = [[tensor] for tensor in tensors]
        elif self.network.recurrent:
            frames = [list(tensor.unbind(1)) for tensor in tensors]
        else:
            frames = [[tensor.flatten(0, 1)] for tensor in tensors]
        # one layout for all: arithmetic between two layouts is slow
        sources, targets = (
            [frame.contiguous(memory_format=self.memory_format) for frame in part] for part in frames[:2]
        )
        return sources, targets, frames[2]

    def _own_optimizers(self) -> tuple[LightningOptimizer, LightningOptimizer | None]:
        optimizers = self.optimizers()
        if isinstance(optimizers, list):
            generator, discriminator = cast(list[LightningOptimizer], optimizers)
            return generator, discriminator
        return cast(LightningOptimizer, optimizers), None

    def _step_schedulers(self, validation_loss: Tensor | None = None) -> None:
        """Step all schedulers if it is time; `global_step` has been counted, or a validation has given its loss."""
        batches, validated = self.trainer.num_training_batches, validation_loss is not None
        if not is_due(self.scheduler_interval, self.global_step, batches, validated=validated):
            return
        schedulers = self.lr_schedulers() or []
        for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
            with warnings.catch_warnings():
                # In the first cycle one of the two has not learned yet; its schedule runs all the same.
                warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
                step_scheduler(scheduler, validation_loss)

    def _log_training(self, values: Mapping[str, Tensor], batch_size: int) -> None:
        """Log the newest terms of both, where the loggers look; they may come from different batches."""
        self._newest |= values
        if self.global_step % max(1, self.trainer.log_every_n_steps):  # type: ignore[attr-defined]
            return
        self.log_dict({f"train/{name}": value for name, value in self._newest.items()}, batch_size=batch_size)
        rates = [optimizer.param_groups[0]["lr"] for optimizer in self.trainer.optimizers]
        names = ("learning_rate", "learning_rate_discriminator")
        self.log_dict({f"train/{name}": rate for name, rate in zip(names, rates, strict=False)})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the newest terms, so that the first row of a resumed run is that of one that was not interrupted."""
        checkpoint["newest_terms"] = {name: float(value) for name, value in self._newest.items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take them back."""
        terms = checkpoint.get("newest_terms", {})
        self._newest = {name: torch.tensor(value) for name, value in terms.items()}

    # Validation and test: consecutive frames of one scene, scene after scene

    def on_validation_epoch_start(self) -> None:
        """Start the sums and forget the last scene."""
        self._memory.forget()
        self._validation = ValidationSums()

    def validation_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """Add a batch to the sums."""
        prediction = self._memory.predict(self.network, batch, self.test_batch)
        self._validation.add(self.loss, prediction, batch["target"], batch["valid"])

    def on_validation_epoch_end(self) -> None:
        """Log the means; let a scheduler that waits for validation step."""
        self._memory.forget()
        means = {f"val/{name}": value for name, value in self._validation.means().items()}
        self.log_dict(means, sync_dist=True)
        if means and self.trainer.state.fn == "fit" and not self.trainer.sanity_checking:
            self._step_schedulers(means["val/loss"])

    def on_test_epoch_start(self) -> None:
        """Forget the last scene."""
        self._memory.forget()

    def test_step(self, batch: Mapping[str, Any], batch_index: int) -> dict[str, Tensor]:
        """Translate a batch: {prediction (B, C, H, W) float32 raw}."""
        return {"prediction": self._memory.predict(self.network, batch, self.test_batch)}

    def pictures(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Images to look at: {source, prediction, target, error}, see `draw_translation`; of sequences the last frame."""
        was_training = self.network.training
        self.network.eval()
        with torch.no_grad():
            if batch["source"].ndim == 5:
                previous = None
                for frame in batch["source"].unbind(1):
                    previous = self.network(frame, previous)
                prediction, last = previous, {key: batch[key][:, -1] for key in ("source", "target", "valid")}
            else:
                prediction, last = SceneMemory().predict(self.network, batch), dict(batch)
        self.network.train(was_training)
        assert prediction is not None
        return draw_translation(last["source"], prediction, last["target"], last["valid"])


def _seen(image: Tensor, source: Tensor, valid: Tensor) -> Tensor:
    """What a discriminator sees: image and source, normalised; where there is no data all images are alike."""
    return torch.cat([torch.where(valid, normalised(image), 0.0), normalised(source)], dim=1)

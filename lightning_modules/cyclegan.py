"""CycleGAN: translation between two domains of images, learned from unpaired or paired examples."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor
from torch.optim import Optimizer

from errors import UserError
from lightning_modules.adversarial import AdversarialLoss
from lightning_modules.cycle_batches import Domains, read_domains, read_source
from lightning_modules.cycle_discriminators import CycleDiscriminators
from lightning_modules.cycle_losses import CycleLosses
from lightning_modules.ema import averaged_copy, update_average
from lightning_modules.memory import keep_freed_memory
from lightning_modules.optimization import (
    OptimizerFactory,
    SchedulerFactory,
    build_scheduler,
    check_ema_decay,
    clip_gradients,
    step_scheduler,
)
from lightning_modules.translation_pictures import draw_translation
from lightning_modules.translation_validation import ValidationSums
from networks.translation import Translator, build_translator


class CycleGAN(pl.LightningModule):
    """Trains two generators, A -> B and B -> A, and a discriminator of each domain.

    Training batches hold `domain_a` (B, in_channels, H, W), `domain_b` (B, out_channels, H, W), `valid_a`, `valid_b`
    (B, 1, H, W) bool, which need not belong together, or `source`, `target`, `valid`, which do. Validation and test
    batches hold `source` and, but for validation by cycle, `target`. Values are raw, nothing is clamped, and pixels
    that are not valid enter as 0 and count nowhere; a discriminator sees real and made images through the same gaps.

    Distances are measured on the scale on which [0, 1] is [-1, 1]. The loss of the generators is

        adversarial(A -> B) + adversarial(B -> A)
        + cycle_weight * (distance(A -> B -> A, A) + distance(B -> A -> B, B))
        + cycle_weight * identity_weight * (distance(A -> B of B, B) + distance(B -> A of A, A))
        + supervision_weight * (distance(A -> B, target) + distance(B -> A, source))

    and that of a discriminator the mean of its losses on real and made images. The generators step first, against
    discriminators that stand still; both optimizers step once in every batch, which is one `global_step`.

    Sources: Zhu et al., "Unpaired image-to-image translation using cycle-consistent adversarial networks", ICCV
    2017; S. Bouabid, "Toy Virtual Dataset for Remote Sensing Imagery Problems Evaluation", 2020 (conditional
    discriminators, supervision).

    Args:
        network: generator of both directions, by its name in `networks.translation.GENERATORS`.
        in_channels, out_channels: bands of domain A and of domain B.
        network_options: of both generators.
        discriminator_options: of both, see `networks.patchgan.PatchGAN`.
        conditional: a discriminator also sees the image of the other domain that its image belongs to (needs pairs).
        adversarial_loss: lsgan (least squares) or bce (binary cross-entropy of logits).
        distance: l1, smooth_l1, mse or charbonnier.
        cycle_weight, supervision_weight: see above; a supervision weight above 0 needs pairs.
        identity_weight: relative to `cycle_weight`; ignored, with a warning, where the domains differ in bands.
        pool_size: made images of earlier batches kept for each discriminator; 0 = none.
        optimizer, optimizer_discriminator: factories taking the parameters of both generators, of both discriminators.
        scheduler: factory taking an optimizer, made for each of the two and stepped every batch; None = constant rates.
        gradient_clip_norm: largest norm of the gradient of each optimizer's parameters, None or 0 = not clipped.
        ema_decay: predictions come from an exponential moving average of the weights of A -> B; None = none.
        channels_last: memory layout of activations; faster on CPUs and GPUs, the results differ in rounding.
        predict_task: the task that `predict.py` does with this model.

    Raises:
        UserError: an unknown name or an impossible value.
    """

    def __init__(
        self,
        *,
        network: str,
        in_channels: int,
        out_channels: int,
        optimizer: OptimizerFactory,
        optimizer_discriminator: OptimizerFactory,
        network_options: Mapping[str, Any] | None = None,
        discriminator_options: Mapping[str, Any] | None = None,
        conditional: bool = False,
        adversarial_loss: str = "lsgan",
        distance: str = "l1",
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        supervision_weight: float = 0.0,
        pool_size: int = 50,
        scheduler: SchedulerFactory | None = None,
        gradient_clip_norm: float | None = None,
        ema_decay: float | None = None,
        channels_last: bool = True,
        predict_task: str = "translate",
    ) -> None:
        super().__init__()
        if identity_weight and in_channels != out_channels:
            warnings.warn(
                f"model.identity_weight: {identity_weight} is not used, because an image of {in_channels} bands "
                f"cannot pass unchanged as one of {out_channels}",
                stacklevel=2,
            )
            identity_weight = 0.0
        check_ema_decay(ema_decay)
        if pool_size < 0:
            raise UserError(f"model.pool_size: found {pool_size}, expected 0 or more")
        self.automatic_optimization = False
        self.losses = CycleLosses(distance, cycle_weight, cycle_weight * identity_weight, supervision_weight)
        self.needs_pairs = conditional or supervision_weight > 0
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = self._translator(network, in_channels, out_channels, network_options)
        self.back_network = self._translator(network, out_channels, in_channels, network_options)
        self.discriminators = CycleDiscriminators(
            in_channels,
            out_channels,
            discriminator_options or {},
            conditional=conditional,
            loss=AdversarialLoss(adversarial_loss),
            pool_size=pool_size,
            memory_format=self.memory_format,
        )
        self.live_network: Translator | None = None
        if ema_decay is not None:
            self.live_network = self.network  # the one that learns; predictions come from its average
            self.network = averaged_copy(self.live_network)
        self.optimizer = optimizer
        self.optimizer_discriminator = optimizer_discriminator
        self.scheduler = scheduler
        self.gradient_clip_norm = gradient_clip_norm
        self.ema_decay = ema_decay
        self.predict_task = predict_task
        self._validation = ValidationSums()
        self._cycle_sums: dict[str, Tensor] = {}
        self._cycle_images = 0

    def _translator(self, *arguments: Any) -> Translator:
        translator: Translator = build_translator(*arguments).to(memory_format=self.memory_format)
        return translator

    @property
    def trained_network(self) -> Translator:
        """A -> B as it learns: `network`, or where that is an average the one it is the average of."""
        return self.network if self.live_network is None else self.live_network

    def forward(self, source: Tensor) -> Tensor:
        """Translate A -> B: raw (B, in_channels, H, W) of any size into raw (B, out_channels, H, W) float32."""
        translated: Tensor = self.network(source.contiguous(memory_format=self.memory_format))
        return translated

    # Training

    def configure_optimizers(self) -> Any:
        """One optimizer for both generators, one for both discriminators, and a scheduler of each if there is one."""
        optimizers = [
            self.optimizer([*self.trained_network.parameters(), *self.back_network.parameters()]),
            self.optimizer_discriminator(list(self.discriminators.parameters())),
        ]
        schedulers = [build_scheduler(self.scheduler, optimizer, self.trainer) for optimizer in optimizers]
        return optimizers, [scheduler for scheduler in schedulers if scheduler is not None]

    def on_fit_start(self) -> None:
        """On a CPU, keep freed memory for the next step.

        Raises:
            UserError: precision is 16-mixed.
        """
        if self.device.type == "cpu":
            keep_freed_memory()
        if getattr(self.trainer.precision_plugin, "scaler", None) is not None:
            raise UserError(
                "trainer.precision: found 16-mixed, expected bf16-mixed or 32-true for this model"
            )

    def training_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """One batch: a step of the generators, then one of the discriminators; `global_step` grows by one."""
        generators, discriminators = cast(list[LightningOptimizer], self.optimizers())
        domains = self._laid_out(read_domains(batch, self.needs_pairs))
        forth, back = self.trained_network, self.back_network
        made = {"ab": forth(domains.a), "ba": back(domains.b)}
        generators.zero_grad()
        with self.discriminators.frozen():
            terms = {"adversarial": self.discriminators.fooled(domains, made)}
            terms |= self.losses.unpaired_terms(domains, made, forth, back)
            terms |= self.losses.paired_terms(domains, made)
            loss = self.losses.total(terms)
            self.manual_backward(loss)
        updates = self.global_step
        generators.step()
        if self.ema_decay is not None:
            update_average(self.network, forth, self.ema_decay, updates)
        discriminators.zero_grad()
        discriminator_loss = self.discriminators(domains, made)
        self.manual_backward(discriminator_loss)
        # Through the strategy: clipped and hooked like any step, but not counted in `global_step`.
        self.trainer.strategy.optimizer_step(discriminators.optimizer, closure=_nothing, model=self)
        schedulers = self.lr_schedulers() or []
        for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
            step_scheduler(scheduler)
        # Logging costs more than its worth on a fast device, so only where the loggers look.
        if self.global_step % max(1, self.trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            values = {"loss": loss, "discriminator_loss": discriminator_loss, **terms}
            self.log_dict(
                {f"train/{name}": value.detach() for name, value in values.items()},
                batch_size=len(domains.a),
            )
            self.log("train/learning_rate", generators.optimizer.param_groups[0]["lr"])

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the gradient of either optimizer's parameters."""
        clip_gradients(optimizer, self.gradient_clip_norm)

    def _laid_out(self, domains: Domains) -> Domains:
        # one layout for all: arithmetic between two layouts is slow
        a, b = (image.contiguous(memory_format=self.memory_format) for image in (domains.a, domains.b))
        return replace(domains, a=a, b=b)

    # Validation and test

    def on_validation_epoch_start(self) -> None:
        """Start the sums."""
        self._validation, self._cycle_sums, self._cycle_images = ValidationSums(), {}, 0

    def validation_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """Add a batch to the sums: A -> B against the truth where there is one, else the terms that need none."""
        if "target" in batch:
            self._validation.add(self.losses.of_pairs, self(batch["source"]), batch["target"], batch["valid"])
            return
        domains = self._laid_out(read_domains(batch, needs_pairs=False))
        made = {"ab": self.network(domains.a), "ba": self.back_network(domains.b)}
        terms = self.losses.unpaired_terms(domains, made, self.network, self.back_network)
        if not terms:
            return
        for name, value in {"loss": self.losses.total(terms), **terms}.items():
            self._cycle_sums[name] = self._cycle_sums.get(name, 0.0) + len(domains.a) * value.detach()
        self._cycle_images += len(domains.a)

    def on_validation_epoch_end(self) -> None:
        """Log the means: {loss, mse, psnr, ssim} of pairs, {loss, cycle, identity} of batches without truth."""
        means = self._validation.means() or {
            name: total / self._cycle_images for name, total in self._cycle_sums.items()
        }
        self.log_dict({f"val/{name}": value for name, value in means.items()}, sync_dist=True)

    def test_step(self, batch: Mapping[str, Any], batch_index: int) -> dict[str, Tensor]:
        """Translate a batch: {prediction (B, out_channels, H, W) float32 raw}."""
        return {"prediction": self(read_source(batch))}

    @torch.no_grad()
    def pictures(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Images to look at: {source, prediction, target, error}, see `draw_translation`.

        Without a truth {source, prediction, reconstruction, error}: what comes back of the source from B.
        """
        was_training = self.training
        self.eval()
        source = read_source(batch)
        prediction = self(source)
        if "target" in batch:
            pictures = draw_translation(source, prediction, batch["target"], batch["valid"])
        else:
            valid = batch["valid_a"]
            drawn = draw_translation(source, self.back_network(prediction), source, valid)
            pictures = {
                "source": drawn["source"],
                "prediction": draw_translation(source, prediction, prediction, valid)["prediction"],
                "reconstruction": drawn["prediction"],
                "error": drawn["error"],
            }
        self.train(was_training)
        return pictures

    # Checkpoints

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the image pools beside the weights: they stay with the run, and no federation sends them."""
        checkpoint["image_pools"] = self.discriminators.pools_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the image pools back."""
        if "image_pools" in checkpoint:
            self.discriminators.load_pools_state(checkpoint["image_pools"])


def _nothing() -> None:
    """The closure of a step whose gradients are there already."""

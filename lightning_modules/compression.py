"""Learned image compression: training by rate and distortion, testing with real bitstreams."""

import time
from collections.abc import Mapping
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor

from errors import UserError
from lightning_modules.memory import keep_freed_memory
from lightning_modules.optimization import (
    OptimizerFactory,
    SchedulerFactory,
    build_scheduler,
    clip_gradients,
    step_scheduler,
    step_uncounted,
)
from lightning_modules.rate_distortion_loss import RateDistortionLoss, estimated_bits
from networks.bitstream import pad_to_multiple
from networks.compression import (
    build_codec,
    coder_state,
    decode,
    encode,
    load_coder_state,
    read_stream,
    tables_fit_parameters,
    without_coder_buffers,
    write_stream,
)
from networks.entropy_tables import is_coder_buffer

SCHEDULER_INTERVALS = ("step", "validation")


class Compression(pl.LightningModule):
    """Trains and tests any codec of `networks.compression.CODECS`.

    Batches are dicts: `image` (B, C, H, W) float32 normalised (values may lie outside [0, 1]) and `valid`
    (B, 1, H, W) bool. Pixels that are not valid enter the network as 0 and cause no distortion.

    Args:
        network: name of the codec.
        quality: 1 (smallest) to 8 (6 for the cheng2020 codecs): channel widths, and lambda unless given.
        in_channels: number of bands.
        network_options: channel widths that replace those of the quality, {"N": ..., "M": ...}.
        entropy_filters: "published" or "by_band" (see `networks.compression.build_codec`).
        distortion: "mse" or "ms-ssim".
        lmbda: weight of the distortion; None = as published for the quality.
        optimizer, optimizer_aux: factories taking parameters; the second trains the quantiles of the
            entropy bottlenecks.
        scheduler: factory taking the first optimizer, None = constant learning rate.
        scheduler_interval: "step" (every batch) or "validation" (after every validation; for plateaus).
        gradient_clip_norm: largest norm of the gradient, None or 0 = not clipped.
        pretrained: start from the published weights.
        clamp: [lowest, highest] normalised value of a decoded image when testing; None = as decoded.
        channels_last: memory layout of activations; faster on CPUs and GPUs, the results differ in rounding.
    """

    def __init__(
        self,
        *,
        network: str,
        quality: int,
        optimizer: OptimizerFactory,
        optimizer_aux: OptimizerFactory,
        in_channels: int = 3,
        network_options: Mapping[str, int] | None = None,
        entropy_filters: str = "published",
        distortion: str = "mse",
        lmbda: float | None = None,
        scheduler: SchedulerFactory | None = None,
        scheduler_interval: str = "step",
        gradient_clip_norm: float | None = 1.0,
        pretrained: bool = False,
        clamp: tuple[float, float] | None = None,
        channels_last: bool = True,
    ) -> None:
        super().__init__()
        if scheduler_interval not in SCHEDULER_INTERVALS:
            raise UserError(
                f"model.scheduler_interval: found {scheduler_interval!r}, "
                f"expected {' or '.join(SCHEDULER_INTERVALS)}"
            )
        self.automatic_optimization = False
        self.network = build_codec(
            network,
            quality,
            in_channels,
            pretrained,
            metric=distortion,
            entropy_filters=entropy_filters,
            **(network_options or {}),
        )
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network.to(memory_format=self.memory_format)
        self.loss = RateDistortionLoss(distortion, quality, lmbda)
        self.optimizer = optimizer
        self.optimizer_aux = optimizer_aux
        self.scheduler = scheduler
        self.scheduler_interval = scheduler_interval
        self.gradient_clip_norm = gradient_clip_norm
        self.clamp = clamp
        self._coder_tables: dict[str, Tensor] | None = None
        self._validation_sums: dict[str, Tensor] = {}
        self._validation_weight = 0

    # Training

    def configure_optimizers(self) -> Any:
        """The main optimizer, with its scheduler if there is one, and that of the quantiles."""
        main = self.optimizer(
            [p for name, p in self.network.named_parameters() if not name.endswith(".quantiles")]
        )
        quantiles = [p for name, p in self.network.named_parameters() if name.endswith(".quantiles")]
        optimizers = [main, self.optimizer_aux(quantiles)]
        scheduler = build_scheduler(self.scheduler, main, self.trainer)
        return optimizers, [] if scheduler is None else [scheduler]

    def on_fit_start(self) -> None:
        """On a CPU, keep freed memory for the next step."""
        if self.device.type == "cpu":
            keep_freed_memory()

    def training_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """One batch, one step of each optimizer; `global_step` grows by one."""
        main, aux = cast(list[LightningOptimizer], self.optimizers())
        main.zero_grad()
        aux.zero_grad()
        terms = self._terms(batch)
        self.manual_backward(terms["loss"])
        clip_gradients(main, self.gradient_clip_norm)
        main.step()
        aux_loss = self.network.aux_loss()
        self.manual_backward(aux_loss)
        step_uncounted(aux)
        schedulers = self.lr_schedulers()
        if schedulers is not None and self.scheduler_interval == "step":
            step_scheduler(schedulers)  # type: ignore[arg-type]
        # Logging costs more than its worth on a fast device, so only where the loggers look.
        if self.global_step % max(1, self.trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            values = {f"train/{name}": value.detach() for name, value in terms.items()}
            values["train/aux_loss"] = aux_loss.detach()
            self.log_dict(values, prog_bar=False, batch_size=len(batch["image"]))
            self.log("train/learning_rate", main.optimizer.param_groups[0]["lr"])

    def _terms(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """The loss and what it is made of, for a batch, in the module's present mode."""
        image, valid = _image_and_valid(batch)
        # one layout for all: arithmetic between two layouts is slow
        image = image.contiguous(memory_format=self.memory_format)
        reconstruction, likelihoods = self(image)
        return self.loss(image, reconstruction, likelihoods, valid)

    def forward(self, image: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Reconstruct (B, C, H, W) of any size; also the likelihoods of the latents of the padded image."""
        height, width = image.shape[-2:]
        padded = pad_to_multiple(image, self.network.downsampling_factor)
        outputs = self.network(padded.contiguous(memory_format=self.memory_format))
        return outputs["x_hat"][..., :height, :width], outputs["likelihoods"]

    # Validation

    def on_validation_epoch_start(self) -> None:
        """Start the sums."""
        self._validation_sums, self._validation_weight = {}, 0

    def validation_step(self, batch: Mapping[str, Any], batch_index: int) -> None:
        """Add a batch to the sums, weighted by its pixels."""
        weight = batch["image"][:, 0].numel()
        for name, value in self._terms(batch).items():
            self._validation_sums[name] = self._validation_sums.get(name, 0.0) + weight * value.detach()
        self._validation_weight += weight

    def on_validation_epoch_end(self) -> None:
        """Log the means; let a scheduler that waits for validation step."""
        means = {
            f"val/{name}": total / self._validation_weight for name, total in self._validation_sums.items()
        }
        if means:  # of values that span 1, over all samples at once
            means["val/psnr"] = -10 * torch.log10(torch.as_tensor(means["val/mse"]).clamp(min=1e-10))
        self.log_dict(means, sync_dist=True)
        fitting = self.trainer.state.fn == "fit" and not self.trainer.sanity_checking
        if means and fitting and self.scheduler_interval == "validation" and self.lr_schedulers() is not None:
            step_scheduler(self.lr_schedulers(), means["val/loss"])  # type: ignore[arg-type]

    def pictures(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Images to look at: {original, reconstruction, error}, (B, 3 or 1, H, W) float32 in [0, 1].

        The first three bands (the first where there are fewer), stretched between the original's 2nd and
        98th percentile; the error is the mean absolute one over bands, relative to the stretch, times 4.
        """
        image, valid = _image_and_valid(batch)
        was_training = self.network.training
        self.network.eval()  # in training mode quantisation would draw from the global random generator
        with torch.no_grad():
            reconstruction = self(image)[0].float()
        self.network.train(was_training)
        shown = 3 if image.shape[1] >= 3 else 1
        lowest, highest = (
            torch.quantile(image[:, :shown].flatten(1), fraction, dim=1).view(-1, 1, 1, 1)
            for fraction in (0.02, 0.98)
        )
        span = (highest - lowest).clamp(min=1e-6)
        error = (reconstruction - image).abs().mean(1, keepdim=True) * valid
        return {
            "original": ((image[:, :shown] - lowest) / span).clamp(0, 1),
            "reconstruction": ((reconstruction[:, :shown] - lowest) / span).clamp(0, 1),
            "error": (4 * error / span).clamp(0, 1),
        }

    # Testing with real bitstreams

    def prepare_coding(self) -> None:
        """Load coder tables into `network`: those of the checkpoint if its weights are still these, else new ones."""
        if self._coder_tables is None or not tables_fit_parameters(self.network, self._coder_tables):
            self._coder_tables = coder_state(self.network)
        load_coder_state(self.network, self._coder_tables)

    def on_test_start(self) -> None:
        """Tables for real coding; the quantiles in training come back in `on_test_end`."""
        self._training_quantiles = {
            name: p.detach().clone()
            for name, p in self.network.named_parameters()
            if name.endswith(".quantiles")
        }
        self.prepare_coding()

    def on_test_end(self) -> None:
        """Leave the quantiles as training knows them."""
        with torch.no_grad():
            for name, quantiles in self._training_quantiles.items():
                self.network.get_parameter(name).copy_(quantiles)
        del self._training_quantiles

    def test_step(self, batch: Mapping[str, Any], batch_index: int) -> dict[str, Any]:
        """Code and decode each image of a batch by itself, through bytes.

        Returns {reconstruction (B, C, H, W) float32 normalised, payload_bytes, header_bytes,
        estimated_bits, encode_seconds, decode_seconds: one number per image}. The header is what a decoder
        needs beside the model: height, width, and the lengths of the strings. Seconds are wall time.
        """
        images, _ = _image_and_valid(batch)
        outcomes = [self._code(image) for image in images.split(1)]
        result: dict[str, Any] = {name: [outcome[name] for outcome in outcomes] for name in outcomes[0]}
        result["reconstruction"] = torch.cat(result["reconstruction"])
        return result

    def _code(self, image: Tensor) -> dict[str, Any]:
        start = time.perf_counter()
        stream, header_bytes = write_stream(encode(self.network, image), *image.shape[-2:])
        encoded = time.perf_counter()
        reconstruction = decode(self.network, *read_stream(stream))
        if self.clamp is not None:
            reconstruction = reconstruction.clamp(*self.clamp)
        decoded = time.perf_counter()
        with torch.no_grad(), torch.autocast(image.device.type, enabled=False):
            _, likelihoods = self(image)
        return {
            "reconstruction": reconstruction,
            "payload_bytes": len(stream) - header_bytes,
            "header_bytes": header_bytes,
            "estimated_bits": float(estimated_bits(likelihoods)),
            "encode_seconds": encoded - start,
            "decode_seconds": decoded - encoded,
        }

    # Checkpoints

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep coder tables beside the weights instead of among them."""
        checkpoint["state_dict"] = without_coder_buffers(checkpoint["state_dict"])
        checkpoint["coder_tables"] = coder_state(self.network)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remember the tables; checkpoints with tables among the weights, or without any, load as well."""
        self._coder_tables = checkpoint.get("coder_tables")

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load weights; coder tables in `state_dict` are left out, those in place stay."""
        own = {key: tensor for key, tensor in self.state_dict().items() if is_coder_buffer(key)}
        return super().load_state_dict(without_coder_buffers(state_dict) | own, strict=strict, assign=assign)


def _image_and_valid(batch: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """`image` with 0 where it is not valid (nodata may be anything, NaN included), and `valid`."""
    image, valid = batch["image"], batch["valid"]
    return torch.where(valid, image, 0.0), valid

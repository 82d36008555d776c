"""Manual optimization with several optimizers, in which one step is one training batch."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau

from errors import UserError

OptimizerFactory = Callable[..., Optimizer]
SchedulerFactory = Callable[..., LRScheduler]
SCHEDULER_INTERVALS = ("step", "epoch", "validation")


def check_scheduler_interval(interval: str) -> None:
    """Refuse an unknown one.

    Raises:
        UserError: it is none of `SCHEDULER_INTERVALS`.
    """
    if interval not in SCHEDULER_INTERVALS:
        raise UserError(
            f"model.scheduler_interval: found {interval!r}, expected one of {', '.join(SCHEDULER_INTERVALS)}"
        )


def check_ema_decay(decay: float | None) -> None:
    """Refuse a decay that makes no moving average; None is no average.

    Raises:
        UserError: it is not in [0, 1).
    """
    if decay is not None and not 0 <= decay < 1:
        raise UserError(f"model.ema_decay: found {decay}, expected a number from 0 to below 1, or null")


def check_trainer(trainer: pl.Trainer, scheduler_interval: str) -> None:
    """Refuse what manual optimization cannot do.

    Raises:
        UserError: a scheduler waits for the end of an epoch that has none, or precision is 16-mixed.
    """
    if scheduler_interval == "epoch" and not math.isfinite(trainer.num_training_batches):
        raise UserError("model.scheduler_interval: found epoch for an endless stream of data, expected step")
    if getattr(trainer.precision_plugin, "scaler", None) is not None:
        raise UserError("trainer.precision: found 16-mixed, expected bf16-mixed or 32-true")


def step_uncounted(optimizer: LightningOptimizer) -> None:
    """Step an optimizer without moving the Trainer's `global_step`, which then counts batches.

    Lightning counts every `LightningOptimizer.step` (Lightning issue 17958): with two optimizers
    `max_steps` and checkpoint intervals would halve. Steps a second optimizer in full precision.
    """
    optimizer.optimizer.step()


def build_scheduler(
    factory: SchedulerFactory | None, optimizer: Optimizer, trainer: pl.Trainer
) -> LRScheduler | None:
    """Complete a partial scheduler, filling in the length of the training where it asks for it.

    A factory with an argument `total_steps` or `T_max` that is not given gets the number of training
    batches. Raises `errors.UserError` when it needs one and the training has no fixed length.
    """
    if factory is None:
        return None
    given = getattr(factory, "keywords", {})
    arguments = inspect.signature(factory).parameters
    length = next(
        (name for name in ("total_steps", "T_max") if name in arguments and given.get(name) is None), None
    )
    if length is None:
        return factory(optimizer)
    steps = trainer.estimated_stepping_batches
    if not math.isfinite(steps):
        raise UserError(
            f"model.scheduler: needs {length}, and trainer.max_steps sets no end: give one of the two, "
            "or model.scheduler=null"
        )
    return factory(optimizer, **{length: int(steps)})


def warmup_cosine(
    optimizer: Optimizer, total_steps: int, warmup_fraction: float = 0.05, final_fraction: float = 0.01
) -> LRScheduler:
    """Learning rate that rises linearly and then falls along half a cosine, spanning `total_steps` batches.

    It rises to the optimizer's own rate over `warmup_fraction` of the steps and falls to `final_fraction`
    of it, where it stays if training goes on: a run may be resumed with more steps.
    """
    warmup_steps = max(1, round(warmup_fraction * total_steps))

    def factor(step: int) -> float:
        if step >= total_steps:
            return final_fraction
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        progress = (step - warmup_steps) / (total_steps - warmup_steps)
        return final_fraction + (1 - final_fraction) * 0.5 * (1 + math.cos(math.pi * progress))

    return LambdaLR(optimizer, factor)


def is_due(interval: str, steps: int, steps_per_epoch: float, *, validated: bool) -> bool:
    """Whether a scheduler is to step now.

    Args:
        interval: of `SCHEDULER_INTERVALS`.
        steps: batches so far, this one counted.
        steps_per_epoch: batches of an epoch.
        validated: asked after a validation, not after a batch.
    """
    if validated or interval == "validation":
        return validated and interval == "validation"
    return interval == "step" or steps % steps_per_epoch == 0


def clip_gradients(optimizer: Optimizer | LightningOptimizer, norm: float | None) -> None:
    """Limit the norm of the gradient of all its parameters together; None or 0: leave it."""
    if norm:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, norm)


def step_scheduler(scheduler: LRScheduler, validation_loss: Any = None) -> None:
    """Step any scheduler; one that watches a plateau gets the validation loss."""
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(float(validation_loss))
    else:
        scheduler.step()

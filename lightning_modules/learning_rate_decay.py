"""The learning rate of CycleGAN: constant, then falling linearly."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler


def linear_decay(
    optimizer: Optimizer, total_steps: int, constant_fraction: float = 0.5, stages: int | None = None
) -> LRScheduler:
    """The optimizer's own rate for the first part of `total_steps` batches, then linearly towards zero.

    The training is divided into stages of equal length, each with one rate. With n constant stages and m after
    them the k-th of those (1 to m) has the rate times 1 - k / (m + 1), as in the published CycleGAN (stages there are
    200 epochs, 100 of them constant: the rate times 100/101 in the 101st, 1/101 in the last). A training that goes on
    beyond its end keeps the last rate.

    Args:
        optimizer: whose rate it is.
        total_steps: batches of the whole training.
        constant_fraction: share of the stages with the full rate.
        stages: how many; None: every batch is one.
    """
    count = total_steps if stages is None else min(stages, total_steps)
    constant = math.floor(constant_fraction * count + 0.5)

    def factor(step: int) -> float:
        stage = min(step * count // total_steps, count - 1)
        return 1.0 - max(0, stage + 1 - constant) / (count - constant + 1)

    return LambdaLR(optimizer, factor)

"""Schedulers that learn how long the training is, and steps that are not counted."""

import functools
from types import SimpleNamespace

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau, StepLR

from errors import UserError
from lightning_modules.optimization import build_scheduler, step_scheduler, warmup_cosine


def optimizer(lr: float = 1.0) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def trainer(steps: float) -> SimpleNamespace:
    return SimpleNamespace(estimated_stepping_batches=steps)


def rates(scheduler, of: torch.optim.Optimizer, steps: int) -> list[float]:
    seen = []
    for _ in range(steps):
        seen.append(of.param_groups[0]["lr"])
        of.step()
        step_scheduler(scheduler)
    return seen


def test_the_length_of_the_training_is_filled_in_where_it_is_asked_for() -> None:
    sgd = optimizer()
    cycle = build_scheduler(functools.partial(OneCycleLR, max_lr=2.0), sgd, trainer(40))
    assert cycle.total_steps == 40
    assert build_scheduler(CosineAnnealingLR, sgd, trainer(30)).T_max == 30
    assert build_scheduler(functools.partial(CosineAnnealingLR, T_max=7), sgd, trainer(30)).T_max == 7
    assert build_scheduler(functools.partial(StepLR, step_size=3), sgd, trainer(float("inf"))).step_size == 3
    assert build_scheduler(None, sgd, trainer(30)) is None


def test_a_schedule_of_a_training_without_end_is_refused() -> None:
    with pytest.raises(UserError, match=r"needs total_steps, and trainer\.max_steps sets no end"):
        build_scheduler(warmup_cosine, optimizer(), trainer(float("inf")))


@pytest.mark.parametrize("steps", [1, 2, 5, 40, 1000])
def test_warmup_cosine_spans_any_training(steps: int) -> None:
    sgd = optimizer(0.5)
    seen = rates(warmup_cosine(sgd, steps, warmup_fraction=0.1, final_fraction=0.01), sgd, 2 * steps)
    assert max(seen) == pytest.approx(0.5)
    assert all(rate > 0 for rate in seen)
    assert seen[steps:] == pytest.approx([0.005] * steps)  # a run resumed with more steps goes on there
    if steps == 1000:
        assert seen[0] == pytest.approx(0.005)
        assert seen[100] == pytest.approx(0.5)
        assert seen[100:steps] == sorted(seen[100:steps], reverse=True)


def test_plateaus_see_the_validation_loss() -> None:
    sgd = optimizer()
    plateau = ReduceLROnPlateau(sgd, patience=0, factor=0.1)
    for loss in (1.0, 0.9, 0.95):
        step_scheduler(plateau, torch.tensor(loss))
    assert sgd.param_groups[0]["lr"] == pytest.approx(0.1)

"""Schedulers that learn how long the training is, and steps that are not counted."""

import functools
from types import SimpleNamespace

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau, StepLR

from errors import UserError
from lightning_modules.optimization import (
    build_scheduler,
    check_ema_decay,
    check_scheduler_interval,
    clip_gradients,
    is_due,
    step_scheduler,
    warmup_cosine,
)


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


@pytest.mark.parametrize(
    ("interval", "after_batches", "after_validation"),
    [("step", [1, 2, 3, 4, 5, 6], False), ("epoch", [3, 6], False), ("validation", [], True)],
)
def test_when_a_scheduler_steps(interval: str, after_batches: list[int], after_validation: bool) -> None:
    check_scheduler_interval(interval)
    due = [steps for steps in range(1, 7) if is_due(interval, steps, 3, validated=False)]
    assert due == after_batches
    assert is_due(interval, 3, 3, validated=True) == after_validation


def test_gradients_are_clipped_together() -> None:
    sgd = optimizer()
    sgd.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
    parameters = [group["params"][0] for group in sgd.param_groups]
    for norm, expected in ((None, 5.0), (0, 5.0), (10.0, 5.0), (1.0, 1.0)):
        for parameter, value in zip(parameters, (3.0, 4.0), strict=True):
            parameter.grad = torch.tensor([value])
        clip_gradients(sgd, norm)
        found = torch.cat([parameter.grad for parameter in parameters]).norm()
        assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2])
def test_settings_that_cannot_be(decay: float) -> None:
    check_ema_decay(None)
    check_ema_decay(0)
    with pytest.raises(
        UserError, match=f"model.ema_decay: found {decay}, expected a number from 0 to below 1"
    ):
        check_ema_decay(decay)
    with pytest.raises(UserError, match="found 'batch', expected one of step, epoch, validation"):
        check_scheduler_interval("batch")

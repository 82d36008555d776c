"""The linear decay, held to the published rates."""

import pytest
import torch

from lightning_modules.learning_rate_decay import linear_decay


def rates(steps: int, **options) -> list[float]:
    """The rate of each batch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-4)
    scheduler = linear_decay(optimizer, **options)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_published_rates_of_two_hundred_epochs():
    by_epoch = rates(2000, total_steps=2000, stages=200)[::10]
    assert by_epoch[:100] == [2e-4] * 100
    assert by_epoch[100] == pytest.approx(1.98e-4, rel=1e-3)
    assert by_epoch[149] == pytest.approx(1.0099e-4, rel=1e-4)
    assert by_epoch[199] == pytest.approx(1.98e-6, rel=1e-3)


def test_within_a_stage_the_rate_stands():
    found = rates(40, total_steps=40, stages=4)
    assert [len(set(found[first : first + 10])) for first in (0, 10, 20, 30)] == [1, 1, 1, 1]
    assert found[::10] == pytest.approx([2e-4, 2e-4, 2e-4 * 2 / 3, 2e-4 / 3])


def test_step_by_step_it_falls_in_the_second_half_and_never_reaches_zero():
    found = rates(12, total_steps=10)
    assert found[:5] == [2e-4] * 5
    assert found[5:10] == pytest.approx([2e-4 * (1 - k / 6) for k in range(1, 6)])
    assert found[10:] == [found[9]] * 2
    assert min(found) > 0


def test_no_constant_part_and_a_single_batch():
    assert rates(4, total_steps=4, constant_fraction=0.0) == pytest.approx(
        [2e-4 * (1 - k / 5) for k in range(1, 5)]
    )
    assert rates(1, total_steps=1, stages=200) == [2e-4]

"""The moving average of weights."""

import torch
from torch import nn

from lightning_modules.ema import averaged_copy, update_average


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_the_copy_is_equal_and_does_not_learn():
    live = network()
    average = averaged_copy(live)
    assert all(
        torch.equal(a, b)
        for a, b in zip(average.state_dict().values(), live.state_dict().values(), strict=True)
    )
    assert not any(parameter.requires_grad for parameter in average.parameters())
    assert all(parameter.requires_grad for parameter in live.parameters())


def test_it_follows_parameters_and_running_statistics_and_copies_counters():
    live = network()
    average = averaged_copy(live)
    live(torch.randn(2, 1, 5, 5))
    before = {name: value.clone() for name, value in average.state_dict().items()}
    with torch.no_grad():
        for parameter in live.parameters():
            parameter.add_(1.0)
    update_average(average, live, decay=0.75, updates=10_000)
    for name, value in average.state_dict().items():
        now = live.state_dict()[name]
        expected = now if name.endswith("num_batches_tracked") else 0.75 * before[name] + 0.25 * now
        assert torch.allclose(value, expected), name
    assert int(average[1].num_batches_tracked) == 1


def test_first_updates_count_more():
    live = network()
    average = averaged_copy(live)
    with torch.no_grad():
        live[0].bias.fill_(1.0)
        average[0].bias.fill_(0.0)
    update_average(average, live, decay=0.999, updates=0)  # decay 1 / 10
    assert torch.allclose(average[0].bias, torch.tensor(0.9))

"""Batch normalisation of one value per channel, and of any other number as ever."""

import torch
from torch import nn

from networks.single_value_norm import SingleValueBatchNorm, allow_single_values


def pair() -> tuple[nn.Sequential, nn.Sequential]:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3, eps=1e-3, momentum=0.3))
    plain.train()(torch.rand(4, 2, 5, 5))
    other = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3, eps=1e-3, momentum=0.3))
    other.load_state_dict(plain.state_dict())
    allow_single_values(other)
    return plain, other


def test_it_is_batch_normalisation() -> None:
    plain, other = pair()
    assert isinstance(other[1], SingleValueBatchNorm) and list(other.state_dict()) == list(plain.state_dict())
    image = torch.rand(2, 2, 3, 3)
    for mode in (True, False):
        assert torch.equal(plain.train(mode)(image), other.train(mode)(image))
    assert all(torch.equal(a, b) for a, b in zip(plain.buffers(), other.buffers(), strict=True))


def test_a_single_value_is_normalised_by_the_running_statistics_and_learned_from() -> None:
    plain, other = pair()
    before = [buffer.clone() for buffer in other.buffers()]
    pixel = torch.rand(1, 2, 1, 1)
    made = other.train()(pixel)
    assert torch.allclose(made, plain.eval()(pixel), atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(other.buffers(), before, strict=True))
    made.sum().backward()
    assert all(parameter.grad is not None for parameter in other.parameters())

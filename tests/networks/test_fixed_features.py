"""Features that are always the same and tell textures apart."""

import pytest
import torch

from errors import UserError
from networks.fixed_features import FixedFeatures


def test_equal_arguments_give_equal_features_whatever_the_global_seed() -> None:
    images = torch.rand(3, 4, 32, 40, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    first = FixedFeatures(4)
    state = torch.get_rng_state()
    assert torch.equal(first(images), FixedFeatures(4)(images)) and torch.equal(torch.get_rng_state(), state)
    assert first(images).shape == (3, first.num_features) == (3, 2 * (4 + 28))
    assert not torch.equal(first(images), FixedFeatures(4, seed=1)(images))


def test_textures_of_equal_brightness_differ_and_brightness_does_not_hide_in_them() -> None:
    network = FixedFeatures(1)
    noise = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    flat = torch.full_like(noise, float(noise.mean()))
    fine, grey = network(noise)[0], network(flat)[0]
    assert (fine[2:].abs() > 1e-3).float().mean() > 0.5  # some channels die out
    assert grey[2:].abs().max() < 1e-5
    assert torch.allclose(network(flat + 0.2)[0, 2:], grey[2:], atol=1e-5)


def test_impossible_arguments() -> None:
    for bands, widths in ((0, (8,)), (3, ()), (3, (8, 0))):
        with pytest.raises(UserError, match="expected at least one"):
            FixedFeatures(bands, widths=widths)

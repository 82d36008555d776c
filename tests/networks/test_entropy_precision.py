"""Entropy models stay in float32 under autocast."""

import pytest
import torch

from networks.compression import build_codec


@pytest.mark.parametrize("name", ["bmshj2018-factorized", "mbt2018-mean", "mbt2018"])
def test_likelihoods_are_float32_and_close_to_those_without_autocast(name: str) -> None:
    torch.manual_seed(0)
    network = build_codec(name, 1, 3, N=8, M=12).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        exact = network(image)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = network(image)
    for latent, likelihood in mixed["likelihoods"].items():
        assert likelihood.dtype == torch.float32
        bits, exact_bits = (-values.log2().sum() for values in (likelihood, exact["likelihoods"][latent]))
        assert bits == pytest.approx(float(exact_bits), rel=0.02)
    assert mixed["x_hat"].dtype == torch.bfloat16, "the transforms are meant to run in bfloat16"


def test_the_auxiliary_loss_does_not_depend_on_autocast() -> None:
    network = build_codec("bmshj2018-factorized", 1, 3, N=8, M=12)
    exact = network.aux_loss()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(network.aux_loss(), exact)


def test_weights_have_the_names_of_the_zoo() -> None:
    names = set(build_codec("mbt2018-mean", 1).state_dict())
    assert {"entropy_bottleneck.quantiles", "gaussian_conditional.scale_table", "g_a.0.weight"} <= names

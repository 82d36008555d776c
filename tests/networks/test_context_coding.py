import numpy as np
import torch

from networks.compression import build_codec, coder_state, load_coder_state
from networks.context_coding import ContextCoder


def coder() -> ContextCoder:
    torch.manual_seed(0)
    network = build_codec("mbt2018", 1, 1, N=4, M=6)
    load_coder_state(network, coder_state(network))
    return ContextCoder(network.context_prediction, network.entropy_parameters, network.gaussian_conditional)


def test_integers_and_latents_come_back() -> None:
    generator = np.random.default_rng(0)
    latents = generator.normal(0, 5, (6, 5, 7)).astype(np.float32)
    hyper = generator.normal(0, 1, (12, 5, 7)).astype(np.float32)
    stream, symbols = coder().encode(latents, hyper)
    again, restored = coder().decode(stream, hyper)
    np.testing.assert_array_equal(again, symbols)
    assert np.abs(restored - latents).max() <= 0.5 + 1e-4, "quantised to the nearest integer above the mean"
    assert np.abs(symbols).max() > 3


def test_positions_without_meaning_are_coded_as_zero() -> None:
    generator = np.random.default_rng(0)
    latents = generator.normal(0, 5, (6, 5, 7)).astype(np.float32)
    hyper = generator.normal(0, 1, (12, 5, 7)).astype(np.float32)
    dead = np.zeros((5, 7), bool)
    dead[2:, 3:] = True
    stream, symbols = coder().encode(latents, hyper, dead)
    assert not symbols[:, dead].any() and symbols[:, ~dead].any()
    np.testing.assert_array_equal(coder().decode(stream, hyper)[0], symbols)

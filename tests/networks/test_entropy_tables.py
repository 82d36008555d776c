"""Coder tables beside the weights."""

import pytest
import torch

from errors import UserError
from networks.bitstream import encode
from networks.compression import build_codec
from networks.entropy_tables import (
    coder_state,
    fingerprint,
    has_coder_state,
    is_coder_buffer,
    load_coder_state,
    tables_fit_parameters,
    without_coder_buffers,
)


def codec(name: str = "bmshj2018-hyperprior", seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build_codec(name, 1, 3, N=8, M=12)


def test_making_tables_leaves_training_alone() -> None:
    network = codec()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    random_state = torch.get_rng_state()
    tables = coder_state(network)
    assert torch.equal(torch.get_rng_state(), random_state)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not has_coder_state(network)
    assert not torch.equal(tables["entropy_bottleneck.quantiles"], network.entropy_bottleneck.quantiles)


def test_tables_are_plain_tensors_that_load_with_weights_only(tmp_path) -> None:
    network = codec()
    torch.save(coder_state(network), tmp_path / "tables.pt")
    load_coder_state(network, torch.load(tmp_path / "tables.pt", weights_only=True))
    assert has_coder_state(network)


def test_tables_of_other_weights_are_refused() -> None:
    network, other = codec(), codec(seed=1)
    tables = coder_state(other)
    assert not tables_fit_parameters(network, tables)
    with pytest.raises(UserError, match="other weights"):
        load_coder_state(network, tables)
    assert not has_coder_state(network)


def test_tables_can_be_loaded_again_after_training_changed_their_size() -> None:
    network = codec()
    load_coder_state(network, coder_state(network))
    size = network.entropy_bottleneck._quantized_cdf.shape
    with torch.no_grad():
        network.entropy_bottleneck.matrices[0] -= 2.0  # flatter: longer tails
    load_coder_state(network, coder_state(network))
    assert network.entropy_bottleneck._quantized_cdf.shape != size
    assert encode(network.eval(), torch.rand(1, 3, 64, 64))


def test_state_dict_without_tables_has_the_same_keys_before_and_after_coding() -> None:
    network = codec()
    fresh = without_coder_buffers(network.state_dict())
    load_coder_state(network, coder_state(network))
    assert without_coder_buffers(network.state_dict()).keys() == fresh.keys()
    assert not any(is_coder_buffer(key) for key in fresh)
    assert "entropy_bottleneck.quantiles" in fresh
    assert is_coder_buffer("network.gaussian_conditional.scale_table")


def test_the_fingerprint_tells_codecs_apart() -> None:
    network = codec()
    with pytest.raises(RuntimeError, match="without coder tables"):
        fingerprint(network)
    load_coder_state(network, coder_state(network))
    first = fingerprint(network)
    assert first == fingerprint(network)
    assert len(first) == 64
    with torch.no_grad():
        network.g_s[0].weight[0, 0, 0, 0] += 1e-3
    assert fingerprint(network) != first
    with torch.no_grad():
        network.g_s[0].weight[0, 0, 0, 0] -= 1e-3
    network.gaussian_conditional._quantized_cdf[0, 1] += 1
    assert fingerprint(network) != first


def test_the_fingerprint_of_an_autoregressive_codec_survives_its_first_forward_pass() -> None:
    network = codec("mbt2018").eval()  # its masked convolution zeroes weights in the forward pass
    load_coder_state(network, coder_state(network))
    first = fingerprint(network)
    network(torch.rand(1, 3, 64, 64))
    assert fingerprint(network) == first


def test_diverged_weights_are_told_in_one_sentence() -> None:
    network = codec()
    with torch.no_grad():
        network.entropy_bottleneck.matrices[0].fill_(float("nan"))
    with pytest.raises(UserError, match="training has diverged"):
        coder_state(network)

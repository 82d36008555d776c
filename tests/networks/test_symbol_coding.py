import numpy as np
import pytest
import torch
from compressai.entropy_models import EntropyBottleneck, GaussianConditional
from compressai.models.base import get_scale_table

from networks.symbol_coding import decode_symbols, encode_symbols


@pytest.fixture(scope="module")
def conditional() -> GaussianConditional:
    model = GaussianConditional(None)
    model.update_scale_table(get_scale_table())
    return model


def test_symbols_come_back_also_far_outside_the_tables(conditional: GaussianConditional) -> None:
    generator = np.random.default_rng(0)
    index = generator.integers(0, 64, (5, 8, 9)).astype(np.int32)
    symbols = np.rint(generator.normal(0, 3, index.shape)).astype(np.int32)
    symbols[0, 0, :3] = 100000, -100000, 12345
    again = decode_symbols(conditional, encode_symbols(conditional, symbols, index), index)
    np.testing.assert_array_equal(again, symbols)
    assert again.dtype == np.int32


def test_streams_are_those_of_compressai() -> None:
    torch.manual_seed(0)
    model = EntropyBottleneck(6)
    model.update(force=True, update_quantiles=True)
    values = torch.randn(1, 6, 4, 5) * 4
    medians = model.quantiles[:, 0, 1].detach()[None, :, None, None]
    symbols = torch.round(values - medians).int()[0].numpy()
    index = np.broadcast_to(np.arange(6)[:, None, None], symbols.shape)
    assert encode_symbols(model, symbols, index) == model.compress(values)[0]


def test_wrong_tables_give_other_integers_and_not_a_crash(conditional: GaussianConditional) -> None:
    """What happens on a device whose arithmetic differs: the decoder runs past the stream."""
    generator = np.random.default_rng(0)
    for attempt in range(50):
        narrow = np.zeros((4, 16, 16), np.int32)
        symbols = np.zeros(narrow.shape, np.int32)
        stream = encode_symbols(conditional, symbols, narrow)
        wide = generator.integers(0, 64, narrow.shape).astype(np.int32)
        assert decode_symbols(conditional, stream, wide).shape == wide.shape, attempt
        noise = generator.bytes(200)
        assert decode_symbols(conditional, noise, wide).shape == wide.shape, attempt

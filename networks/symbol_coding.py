"""Integers to bytes and back with the tables of a CompressAI entropy model (range asymmetric numeral systems)."""

import numpy as np
from compressai.ans import RansDecoder, RansEncoder
from compressai.entropy_models import EntropyModel

# CompressAI's decoder does not know where its input ends. A wrong table (a stream from another device) makes
# it read on, so enough zeros follow: a symbol takes at most 4 bytes, and zeros end every escape code.
_PADDING_PER_SYMBOL, _PADDING_PER_BYTE = 4, 16


def encode_symbols(model: EntropyModel, symbols: np.ndarray, index: np.ndarray) -> bytes:
    """Code int32 symbols of any shape; `index`, of that shape, says which table of `model` codes each."""
    return RansEncoder().encode_with_indexes(symbols.ravel().tolist(), index.ravel().tolist(), *tables(model))


def decode_symbols(model: EntropyModel, stream: bytes, index: np.ndarray) -> np.ndarray:
    """The inverse of `encode_symbols`: int32 symbols of the shape of `index`."""
    values = RansDecoder().decode_with_indexes(
        padded(stream, index.size), index.ravel().tolist(), *tables(model)
    )
    return np.array(values, np.int32).reshape(index.shape)


def padded(stream: bytes, symbols: int) -> bytes:
    """`stream` with zeros enough behind it that decoding that many symbols stays inside."""
    return stream + bytes(symbols * _PADDING_PER_SYMBOL + len(stream) * _PADDING_PER_BYTE)


def tables(model: EntropyModel) -> tuple[list[list[int]], list[int], list[int]]:
    """Cumulative distributions, their lengths, and the symbol at which each begins, as the coder wants them."""
    return model.quantized_cdf.tolist(), model.cdf_length.tolist(), model.offset.tolist()

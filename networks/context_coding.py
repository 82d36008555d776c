"""Coding of latents in the context of those above and to the left, one position after the other.

Minnen et al., "Joint autoregressive and hierarchical priors for learned image compression" (NeurIPS 2018).
The context of a tile ends at its edges, so that tiles can be decoded one by one.
"""

from collections.abc import Callable

import numpy as np
import torch
from compressai.ans import BufferedRansEncoder, RansDecoder
from compressai.entropy_models import GaussianConditional
from compressai.layers import MaskedConv2d
from torch import Tensor, nn
from torch.nn import functional

from networks.symbol_coding import padded, tables


def encode_in_context(
    context: MaskedConv2d,
    parameters_network: nn.Module,
    conditional: GaussianConditional,
    latents: np.ndarray,
    parameters: np.ndarray,
    dead: np.ndarray | None = None,
) -> tuple[bytes, np.ndarray]:
    """Code latents (M, h, w) given hyper parameters (2 M, h, w); symbols at `dead` positions are 0.

    Returns the stream and the integers in it, (M, h, w) int32.
    """
    symbols = np.zeros(latents.shape, np.int32)
    coded_symbols: list[int] = []
    indexes: list[int] = []

    def encode_position(row: int, column: int, index: Tensor, mean: Tensor) -> Tensor:
        values = torch.round(torch.from_numpy(latents[:, row, column].copy()) - mean).int()
        if dead is not None and dead[row, column]:
            values.zero_()
        symbols[:, row, column] = values.numpy()
        coded_symbols.extend(values.tolist())
        indexes.extend(index.tolist())
        return values

    _scan(context, parameters_network, conditional, parameters, encode_position)
    encoder = BufferedRansEncoder()
    encoder.encode_with_indexes(coded_symbols, indexes, *tables(conditional))
    return encoder.flush(), symbols


def decode_in_context(
    context: MaskedConv2d,
    parameters_network: nn.Module,
    conditional: GaussianConditional,
    stream: bytes,
    parameters: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The inverse: the integers (M, h, w) int32, and the dequantised latents (M, h, w) float32."""
    channels, height, width = parameters.shape[0] // 2, *parameters.shape[1:]
    symbols = np.zeros((channels, height, width), np.int32)
    decoder = RansDecoder()
    decoder.set_stream(padded(stream, symbols.size))
    distributions = tables(conditional)

    def decode_position(row: int, column: int, index: Tensor, mean: Tensor) -> Tensor:
        values = torch.tensor(decoder.decode_stream(index.tolist(), *distributions), dtype=torch.int32)
        symbols[:, row, column] = values.numpy()
        return values

    latents = _scan(context, parameters_network, conditional, parameters, decode_position)
    return symbols, latents


def _scan(
    context: MaskedConv2d,
    parameters_network: nn.Module,
    conditional: GaussianConditional,
    parameters: np.ndarray,
    code_position: Callable[[int, int, Tensor, Tensor], Tensor],
) -> np.ndarray:
    """Visit positions in reading order; `code_position` gives the symbols of each. Returns the latents."""
    kernel = context.kernel_size[0]
    border = kernel // 2
    weight = context.weight * context.mask
    hyper = torch.from_numpy(np.ascontiguousarray(parameters))[None]
    channels, height, width = parameters.shape[0] // 2, *parameters.shape[1:]
    canvas = torch.zeros(1, channels, height + 2 * border, width + 2 * border)
    for row in range(height):
        for column in range(width):
            around = canvas[:, :, row : row + kernel, column : column + kernel]
            seen = functional.conv2d(around, weight, bias=context.bias)
            here = hyper[:, :, row : row + 1, column : column + 1]
            scale, mean = parameters_network(torch.cat((here, seen), dim=1))[0, :, 0, 0].chunk(2)
            values = code_position(row, column, conditional.build_indexes(scale), mean)
            canvas[0, :, row + border, column + border] = values + mean
    return canvas[0, :, border : border + height, border : border + width].numpy().copy()

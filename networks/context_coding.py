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


class ContextCoder:
    """The coder of one autoregressive network.

    Args:
        context: the masked convolution over latents already coded.
        parameters: from hyper parameters and context to scales and means.
        conditional: the tables.
    """

    def __init__(
        self, context: MaskedConv2d, parameters: nn.Module, conditional: GaussianConditional
    ) -> None:
        self.context, self.parameters, self.conditional = context, parameters, conditional

    def encode(
        self, latents: np.ndarray, hyper: np.ndarray, dead: np.ndarray | None = None
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

        self._scan(hyper, encode_position)
        encoder = BufferedRansEncoder()
        encoder.encode_with_indexes(coded_symbols, indexes, *tables(self.conditional))
        return encoder.flush(), symbols

    def decode(self, stream: bytes, hyper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The inverse: the integers (M, h, w) int32, and the dequantised latents (M, h, w) float32."""
        symbols = np.zeros((hyper.shape[0] // 2, *hyper.shape[1:]), np.int32)
        decoder = RansDecoder()
        decoder.set_stream(padded(stream, symbols.size))
        distributions = tables(self.conditional)

        def decode_position(row: int, column: int, index: Tensor, mean: Tensor) -> Tensor:
            values = torch.tensor(decoder.decode_stream(index.tolist(), *distributions), dtype=torch.int32)
            symbols[:, row, column] = values.numpy()
            return values

        return symbols, self._scan(hyper, decode_position)

    @torch.inference_mode()
    def _scan(
        self, hyper: np.ndarray, code_position: Callable[[int, int, Tensor, Tensor], Tensor]
    ) -> np.ndarray:
        """Visit positions in reading order; `code_position` gives the symbols of each. Returns the latents."""
        kernel = self.context.kernel_size[0]
        border = kernel // 2
        weight = self.context.weight * self.context.mask
        given = torch.from_numpy(np.ascontiguousarray(hyper))[None]
        channels, height, width = hyper.shape[0] // 2, *hyper.shape[1:]
        canvas = torch.zeros(1, channels, height + 2 * border, width + 2 * border)
        for row in range(height):
            for column in range(width):
                around = canvas[:, :, row : row + kernel, column : column + kernel]
                seen = functional.conv2d(around, weight, bias=self.context.bias)
                here = given[:, :, row : row + 1, column : column + 1]
                scale, mean = self.parameters(torch.cat((here, seen), dim=1))[0, :, 0, 0].chunk(2)
                values = code_position(row, column, self.conditional.build_indexes(scale), mean)
                canvas[0, :, row + border, column + border] = values + mean
        return canvas[0, :, border : border + height, border : border + width].numpy().copy()

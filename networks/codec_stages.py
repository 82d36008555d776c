"""A learned codec taken apart into stages that can each run on a window of a scene.

analysis (image -> latents) -> hyper-analysis (-> hyper-latents) -> entropy parameters -> entropy coding of a
window of latents -> synthesis (-> image). Every stage takes and gives numpy arrays (C, h, w); image pixels
are normalised float32 and never clamped. Latents are quantised once, by the encoder; only integers travel.
"""

import copy
from typing import Any

import numpy as np
import torch
from compressai.entropy_models import EntropyModel
from compressai.models import CompressionModel
from compressai.models.google import JointAutoregressiveHierarchicalPriors, MeanScaleHyperprior
from torch import Tensor

from errors import UserError
from networks.context_coding import ContextCoder
from networks.entropy_tables import has_coder_state
from networks.receptive_field import margin
from networks.symbol_coding import decode_symbols, encode_symbols

LATENT_STRIDE = 16  # image pixels per latent, every network of the zoo
HYPER_STRIDE = 4  # latents per hyper-latent


class CodecStages:
    """The stages of one network of the zoo, with the margins of context that make tiles seamless.

    Transforms of the image run on `device`. What the entropy coder depends on (hyper-synthesis, context
    model, tables) always runs on the CPU, so that streams can be read on machines with and without a GPU.

    Args:
        network: a codec with coder tables (`networks.compression.load_coder_state`); put into eval mode.
        device: where analysis and synthesis run.

    Attributes:
        image_multiple: sides of a coded image are multiples of this, in pixels.
        latent_channels, hyper_channels: bands of latents; hyper_channels is 0 without hyper-latents.
        autoregressive: latents are coded in the context of earlier ones, one position after the other.
        analysis_halo: context of the analysis in pixels, a multiple of 16.
        hyper_halo: context of the hyper-analysis in latents, a multiple of 4.
        entropy_halo: context of the entropy parameters in hyper-latents.
        synthesis_halo: context of the synthesis in latents.

    Raises:
        UserError: the network has no coder tables.
    """

    def __init__(self, network: CompressionModel, device: str | torch.device = "cpu") -> None:
        if not has_coder_state(network):
            raise UserError("the model has no coder tables: train it, or load a checkpoint that holds them")
        network.eval()
        self.device = torch.device(device)
        self.image_multiple: int = network.downsampling_factor
        self.hyper = hasattr(network, "h_a")
        self.autoregressive = isinstance(network, JointAutoregressiveHierarchicalPriors)
        self._has_means = isinstance(network, MeanScaleHyperprior)
        self._analysis = self._on(network.g_a, self.device)
        self._synthesis = self._on(network.g_s, self.device)
        cpu = torch.device("cpu")
        self._bottleneck = self._on(network.entropy_bottleneck, cpu)
        bottleneck_channels = int(self._bottleneck.channels)
        self.latent_channels = int(network.M) if self.hyper else bottleneck_channels
        self.hyper_channels = bottleneck_channels if self.hyper else 0
        self.analysis_halo = margin(network.g_a, LATENT_STRIDE, LATENT_STRIDE)
        self.synthesis_halo = margin(network.g_s, LATENT_STRIDE, 1, upsampling=True)
        self.hyper_halo = self.entropy_halo = 0
        if self.hyper:
            self._hyper_analysis = self._on(network.h_a, self.device)
            self._hyper_synthesis = self._on(network.h_s, cpu)
            self._conditional = self._on(network.gaussian_conditional, cpu)
            self.hyper_halo = margin(network.h_a, HYPER_STRIDE, HYPER_STRIDE)
            self.entropy_halo = margin(network.h_s, HYPER_STRIDE, 1, upsampling=True)
        if self.autoregressive:
            context = self._on(network.context_prediction, cpu)
            parameters = self._on(network.entropy_parameters, cpu)
            self._context = ContextCoder(context, parameters, self._conditional)

    @staticmethod
    def _on(module: Any, device: torch.device) -> Any:
        place = next(iter([*module.parameters(), *module.buffers()])).device
        # `cuda` means the current one, whatever its number.
        same = place.type == device.type and device.index in (None, place.index)
        return module if same else copy.deepcopy(module).to(device)

    def analyse(self, image: np.ndarray) -> np.ndarray:
        """Normalised pixels (C, h, w) to latents (latent_channels, h / 16, w / 16), not yet quantised."""
        return self._run(self._analysis, image)

    def synthesise(self, latents: np.ndarray) -> np.ndarray:
        """Decoded latents (latent_channels, h, w) to normalised pixels (C, 16 h, 16 w), not clamped."""
        return self._run(self._synthesis, latents)

    def hyper_analyse(self, latents: np.ndarray) -> np.ndarray:
        """Latents to integer hyper-latents (hyper_channels, h / 4, w / 4), int32 symbols."""
        # Only the zero-mean hyperprior looks at magnitudes.
        values = latents if self._has_means else np.abs(latents)
        return self._symbols(self._run(self._hyper_analysis, values), self._medians())

    def encode_hyper(self, symbols: np.ndarray) -> bytes:
        """Code the hyper-latents of a tile."""
        return encode_symbols(self._bottleneck, symbols, self._channel_index(symbols.shape))

    def decode_hyper(self, stream: bytes, height: int, width: int) -> np.ndarray:
        """The hyper-latents of a tile of `height` x `width` hyper-latents, int32 symbols."""
        return self._decode_bottleneck(stream, (self.hyper_channels, height, width))

    def hyper_values(self, symbols: np.ndarray) -> np.ndarray:
        """Symbols of hyper-latents to float32 values, the input of `entropy_parameters`."""
        return symbols.astype(np.float32) + self._medians()

    def entropy_parameters(self, hyper_latents: np.ndarray) -> np.ndarray:
        """What the hyper-latents of a window say of its latents (parameters, 4 h, 4 w), on the CPU.

        Float arithmetic: call it with the same window on both sides.
        """
        with torch.inference_mode():
            return self._hyper_synthesis(_batch(hyper_latents))[0].numpy()

    def encode(
        self, latents: np.ndarray, parameters: np.ndarray | None, dead: np.ndarray | None = None
    ) -> tuple[bytes, np.ndarray]:
        """Code the latents of a tile.

        Args:
            latents: (latent_channels, h, w).
            parameters: the tile's part of `entropy_parameters`, None for a factorized prior.
            dead: (h, w) bool, positions whose value does not matter: coded as the cheap symbol 0.

        Returns:
            the stream, and the integers in it (latent_channels, h, w) int32.
        """
        if self.autoregressive:
            assert parameters is not None
            return self._context.encode(latents, parameters, dead)
        model, means, index = self._prior(parameters, latents.shape)
        symbols = self._symbols(latents, means)
        if dead is not None:
            symbols[:, dead] = 0
        return encode_symbols(model, symbols, index), symbols

    def decode(
        self, stream: bytes, parameters: np.ndarray | None, height: int, width: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The inverse of `encode`: the integers, and the latents that `synthesise` takes (float32)."""
        if self.autoregressive:
            assert parameters is not None
            return self._context.decode(stream, parameters)
        shape = (self.latent_channels, height, width)
        model, means, index = self._prior(parameters, shape)
        symbols = decode_symbols(model, stream, index)
        return symbols, symbols.astype(np.float32) + means

    def _prior(
        self, parameters: np.ndarray | None, shape: tuple[int, ...]
    ) -> tuple[EntropyModel, np.ndarray, np.ndarray]:
        """Entropy model, means (broadcast to `shape`) and table numbers (of `shape`) of a tile's latents."""
        if parameters is None:
            return self._bottleneck, self._medians(), self._channel_index(shape)
        scales = torch.from_numpy(np.ascontiguousarray(parameters))
        means: np.ndarray = np.zeros((1, 1, 1), np.float32)
        if self._has_means:
            scales, mean_values = scales.chunk(2, 0)
            means = mean_values.numpy()
        with torch.inference_mode():
            return self._conditional, means, self._conditional.build_indexes(scales).numpy()

    def _decode_bottleneck(self, stream: bytes, shape: tuple[int, ...]) -> np.ndarray:
        return decode_symbols(self._bottleneck, stream, self._channel_index(shape))

    def _medians(self) -> np.ndarray:
        return self._bottleneck.quantiles[:, 0, 1].detach().numpy()[:, None, None]

    @staticmethod
    def _symbols(values: np.ndarray, means: np.ndarray) -> np.ndarray:
        # Rounding half to even, as torch.round does.
        return np.rint(values - means).astype(np.int32)

    @staticmethod
    def _channel_index(shape: tuple[int, ...]) -> np.ndarray:
        return np.broadcast_to(np.arange(shape[0], dtype=np.int32)[:, None, None], shape)

    def _run(self, module: Any, array: np.ndarray) -> np.ndarray:
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, enabled=False),
            torch.backends.cudnn.flags(deterministic=True, benchmark=False, allow_tf32=False),
        ):
            return module(_batch(array).to(self.device))[0].cpu().numpy()


def _batch(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))[None]

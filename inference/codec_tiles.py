"""A scene to coded tiles and back: the stages of a codec chained over sliding rows of tiles.

Each tile's record holds the latents of that tile alone. Context comes from the neighbours' integers, which
the decoder has too, so tiles join without seams and nothing is coded twice.
"""

import zlib
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from scipy.ndimage import maximum_filter

from inference.codec_container import TileRecord
from inference.engine import HaloStage, SlidingTiles
from inference.nodata import FilledSource, encode_masks
from inference.sources import PaddedSource
from inference.windows import TileGrid
from networks.codec_stages import HYPER_STRIDE, LATENT_STRIDE, CodecStages
from products.window import Window


class WrongIntegersError(Exception):
    """A tile was decoded to other integers than were coded: the arithmetic of the two machines differs."""


class _LatentGrids:
    """What both sides share: the grids of latents and hyper-latents, and the entropy parameters of a tile."""

    def __init__(self, stages: CodecStages, height: int, width: int, tile_size: int) -> None:
        self.stages = stages
        multiple = stages.image_multiple
        rows, columns = (-(-side // multiple) * multiple // LATENT_STRIDE for side in (height, width))
        size = tile_size // LATENT_STRIDE
        self.grid = TileGrid(rows, columns, size)
        self.hyper: SlidingTiles | None = None
        self._parameters: HaloStage | None = None

    def _chain_hyper(self, compute: Callable[[Window], np.ndarray]) -> None:
        """Tiles of integer hyper-latents come from `compute`; entropy parameters follow from them."""
        sides = (self.grid.height, self.grid.width, self.grid.tile_size)
        hyper_grid = TileGrid(*(side // HYPER_STRIDE for side in sides))
        self.hyper = SlidingTiles(compute, self.stages.hyper_channels, hyper_grid)
        self._parameters = HaloStage(
            self.hyper, self._entropy_parameters, HYPER_STRIDE, self.stages.entropy_halo
        )

    def _entropy_parameters(self, array: np.ndarray, window: Window, core: Window) -> np.ndarray:
        return self.stages.entropy_parameters(self.stages.hyper_values(array))

    def parameters(self, index: int) -> np.ndarray | None:
        """Entropy parameters of a tile's latents, from the same window of hyper-latents on both sides."""
        return None if self._parameters is None else self._parameters.compute(self.grid.tile(index))

    def release_hyper(self, row: int) -> None:
        """Forget what no tile from latent row `row` on needs."""
        if self.hyper is not None:
            self.hyper.release(row // HYPER_STRIDE - self.stages.entropy_halo)


class SceneEncoder(_LatentGrids):
    """Codes the tiles of a scene; ask for the records in order.

    Args:
        stages: the codec.
        pixels: the scene, normalised and filled.
        tile_size: in pixels, a multiple of 64.
    """

    def __init__(self, stages: CodecStages, pixels: FilledSource, tile_size: int) -> None:
        super().__init__(stages, *pixels.shape[1:], tile_size)
        self.pixels = pixels
        self.tiles = TileGrid(*pixels.shape[1:], tile_size)
        stride = Fraction(1, LATENT_STRIDE)
        padded = PaddedSource(pixels, stages.image_multiple)
        self._analysis = HaloStage(padded, self._analyse, stride, stages.analysis_halo)
        self._latents = SlidingTiles(self._tile_of_latents, stages.latent_channels, self.grid)
        self._dead: SlidingTiles | None = None
        if pixels.can_miss_pixels:
            blank = PaddedSource(_BlankPixels(pixels), stages.image_multiple)
            influence = HaloStage(blank, self._find_dead, stride, stages.synthesis_halo * LATENT_STRIDE)
            self._dead = SlidingTiles(influence.compute, 1, self.grid)
        if stages.hyper:
            hyper = HaloStage(
                self._latents, self._hyper_analyse, Fraction(1, HYPER_STRIDE), stages.hyper_halo
            )
            self._chain_hyper(hyper.compute)
        self._previous: tuple[bytes, tuple[int, ...]] = b"", ()

    def record(self, index: int) -> TileRecord:
        """Code a tile."""
        core = self.grid.tile(index)
        mask = b""
        dead = None
        if self._dead is not None:
            mask = encode_masks(*self.pixels.missing(self.tiles.tile(index)))
            dead = self._dead.read(core)[0]
        hyper_stream, checksum = self._code_hyper(index)
        if dead is not None and dead.all():
            stream, symbols = b"", np.zeros((self.stages.latent_channels, core.height, core.width), np.int32)
        else:
            stream, symbols = self.stages.encode(self._latents.read(core), self.parameters(index), dead)
        if core.right == self.grid.width:
            self._release(core.bottom)
        return TileRecord(mask, hyper_stream, stream, integers_checksum(symbols, checksum))

    def _code_hyper(self, index: int) -> tuple[bytes, int]:
        """The hyper-latents' stream, empty where it is the previous tile's again (blank ground)."""
        if self.hyper is None:
            return b"", 0
        symbols = self.hyper.read(self.hyper.grid.tile(index))
        coded = self.stages.encode_hyper(symbols), symbols.shape
        repeated = coded == self._previous
        self._previous = coded
        return (b"" if repeated else coded[0]), integers_checksum(symbols)

    def _tile_of_latents(self, core: Window) -> np.ndarray:
        if self._dead is None:
            return self._analysis.compute(core)
        dead = self._dead.read(core)[0]
        if dead.all():
            return np.zeros((self.stages.latent_channels, core.height, core.width), np.float32)
        return np.where(dead, np.float32(0), self._analysis.compute(core))

    def _analyse(self, array: np.ndarray, window: Window, core: Window) -> np.ndarray:
        return self.stages.analyse(array)

    def _hyper_analyse(self, array: np.ndarray, window: Window, core: Window) -> np.ndarray:
        return self.stages.hyper_analyse(array)

    def _find_dead(self, array: np.ndarray, window: Window, core: Window) -> np.ndarray:
        """Latents that no valid pixel depends on: (1, h, w) bool, true only if all pixels in reach are blank."""
        rows, columns = array.shape[1] // LATENT_STRIDE, array.shape[2] // LATENT_STRIDE
        alive = ~array[0].reshape(rows, LATENT_STRIDE, columns, LATENT_STRIDE).all(axis=(1, 3))
        reach = 2 * self.stages.synthesis_halo + 1
        return ~maximum_filter(alive, reach, mode="constant")[None]

    def _release(self, row: int) -> None:
        self._latents.release(row)
        self.release_hyper(row)
        if self._dead is not None:
            self._dead.release(row)


class SceneDecoder(_LatentGrids):
    """Decodes the tiles of a scene; ask for them in order.

    Args:
        stages: the codec.
        tiles: of the scene, in pixels.
        record: gives the record of a tile.
    """

    def __init__(self, stages: CodecStages, tiles: TileGrid, record: Callable[[int], TileRecord]) -> None:
        super().__init__(stages, tiles.height, tiles.width, tiles.tile_size)
        self.record = record
        self._latents = SlidingTiles(self._tile_of_latents, stages.latent_channels, self.grid)
        self._synthesis = HaloStage(self._latents, self._synthesise, LATENT_STRIDE, stages.synthesis_halo)
        self._hyper_checksums: dict[int, int] = {}
        if stages.hyper:
            self._chain_hyper(self._tile_of_hyper_latents)

    def pixels(self, index: int) -> np.ndarray:
        """Normalised pixels of a tile, (C, h, w) float32, padding of the scene's last tiles included.

        Raises:
            WrongIntegersError: this machine does not compute what the encoder's did.
        """
        return self._synthesis.compute(self.grid.tile(index).scale(LATENT_STRIDE))

    def release(self, index: int) -> None:
        """Call after each tile: forgets rows that are no longer needed."""
        core = self.grid.tile(index)
        if core.right == self.grid.width:
            self._latents.release(core.bottom - self.stages.synthesis_halo)
            self.release_hyper(core.bottom)

    def _synthesise(self, array: np.ndarray, window: Window, core: Window) -> np.ndarray:
        return self.stages.synthesise(array)

    def _tile_of_hyper_latents(self, core: Window) -> np.ndarray:
        assert self.hyper is not None
        index = self.hyper.grid.index(core)
        coded = index
        while not (stream := self.record(coded).hyper_latents):
            coded -= 1
            if coded < 0:
                raise WrongIntegersError("the first tile repeats one before it")
        symbols = self.stages.decode_hyper(stream, core.height, core.width)
        self._hyper_checksums[index] = integers_checksum(symbols)
        return symbols

    def _tile_of_latents(self, core: Window) -> np.ndarray:
        index = self.grid.index(core)
        record = self.record(index)
        shape = self.stages.latent_channels, core.height, core.width
        if not record.latents:
            return np.zeros(shape, np.float32)
        symbols, latents = self.stages.decode(record.latents, self.parameters(index), core.height, core.width)
        expected = integers_checksum(symbols, self._hyper_checksums.get(index, 0))
        if expected != record.integers_checksum:
            raise WrongIntegersError(f"tile {index}")
        return latents


class _BlankPixels:
    """Where no band has data: (1, H, W) bool."""

    def __init__(self, pixels: FilledSource) -> None:
        self.pixels = pixels

    @property
    def shape(self) -> tuple[int, int, int]:
        """One, rows, columns."""
        return 1, *self.pixels.shape[1:]

    def read(self, window: Window) -> np.ndarray:
        nodata, not_finite = self.pixels.missing(window)
        return (nodata | not_finite).all(axis=0, keepdims=True)


def integers_checksum(symbols: np.ndarray, start: int = 0) -> int:
    """CRC-32 of integers as little-endian int32, continuing from `start`."""
    return zlib.crc32(np.ascontiguousarray(symbols, dtype="<i4").tobytes(), start)

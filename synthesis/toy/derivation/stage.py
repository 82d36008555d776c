"""What a stage of a derivation is, and where its random numbers come from."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Shape = tuple[int, int, int]  # height, width, bands


@dataclass(frozen=True)
class Draws:
    """Random numbers of one stage of one product: the same in any order of frames, in any process.

    Attributes:
        seed: of the derivation.
        stage: number of the stage in the published order.
        name: of the product; products of other names have other draws.
        horizon: frames of the series, those left out included.
    """

    seed: int
    stage: int
    name: str
    horizon: int

    def product(self) -> np.random.Generator:
        """What holds for all frames of the product."""
        return self._generator(0)

    def frame(self, index: int) -> np.random.Generator:
        """What holds for one frame alone."""
        return self._generator(index + 1)

    def _generator(self, which: int) -> np.random.Generator:
        key = [self.seed, self.stage, zlib.crc32(self.name.encode()), which]
        return np.random.default_rng(np.random.SeedSequence(key))


def unchanged(array: np.ndarray) -> np.ndarray:
    """What a stage that moves no pixel does to labels."""
    return array


@dataclass(frozen=True)
class Prepared:
    """A stage made ready for the frames of one product.

    Attributes:
        shape: height, width, bands of what comes out.
        image: (frame (H, W, B) float32, its number) -> frame of `shape`, float32; the argument is not changed.
        labels: annotation (H, W, 2) int16 -> annotation of `shape`.
    """

    shape: Shape
    image: Callable[[np.ndarray, int], np.ndarray]
    labels: Callable[[np.ndarray], np.ndarray] = unchanged


class Stage(Protocol):
    """Options of a stage, checked."""

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """Make it ready for frames of this shape."""
        ...

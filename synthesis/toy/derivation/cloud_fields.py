"""Fields of a cloud layer on a coarse lattice, seen through the window of an image that may move over them."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from synthesis.toy.derivation.power_law_noise import power_law_noise, unit_range
from synthesis.toy.derivation.separable import cubic

Taps = tuple[csr_matrix, csr_matrix]


@dataclass(frozen=True)
class Lattice:
    """A regular lattice of points below an image, or below all places that a moving image sees.

    Attributes:
        height, width: of the image, pixels.
        spacing_px: distance of points.
        rows, columns: points.
        offsets: (frames, 2) upper left corner of the image on the lattice, pixels, at least 0; one entry where the
            image does not move.
    """

    height: int
    width: int
    spacing_px: float
    rows: int
    columns: int
    offsets: np.ndarray

    @classmethod
    def below(
        cls, height: int, width: int, spacing_px: float, wind: tuple[float, float] | None, frames: int
    ) -> "Lattice":
        """The lattice of an image (height, width).

        Args:
            height, width: pixels.
            spacing_px: wanted distance of points.
            wind: rows and columns that the clouds move by from frame to frame; None: every frame has its own.
            frames: of the series.
        """
        steps = np.zeros((1, 2)) if wind is None else -np.arange(frames)[:, None] * np.array(wind)
        offsets = steps - steps.min(axis=0)
        rows, columns = (
            max(2, math.ceil((length + reach) / spacing_px - 1e-9))
            for length, reach in zip((height, width), offsets.max(axis=0), strict=True)
        )
        return cls(height, width, spacing_px, rows, columns, offsets)

    def windows(self) -> list[tuple[slice, slice]]:
        """The points below the image at each offset."""
        firsts = np.floor(self.offsets / self.spacing_px).astype(int)
        down, across = (max(2, math.ceil(length / self.spacing_px)) for length in (self.height, self.width))
        return [(slice(row, row + down), slice(column, column + across)) for row, column in firsts]

    def taps(self, slot: int) -> Taps:
        """Cubic interpolation from lattice to image at offset number `slot`."""
        row, column = self.offsets[slot]
        down = (np.arange(self.height) + row + 0.5) / self.spacing_px - 0.5
        across = (np.arange(self.width) + column + 0.5) / self.spacing_px - 0.5
        return cubic(down, self.rows), cubic(across, self.columns)

    def noise(self, rng: np.random.Generator, exponent: float) -> np.ndarray:
        """Fractal noise in [0, 1], reaching both ends within a window; (rows, columns) float32."""
        flat_below = self.spacing_px / max(self.height, self.width) if len(self.offsets) > 1 else 0.0
        return unit_range(power_law_noise(rng, self.rows, self.columns, exponent, flat_below), self.windows())


def spread(taps: Taps, field: np.ndarray) -> np.ndarray:
    """A lattice field (rows, columns) as an image (H, W)."""
    down, across = taps
    return (across @ np.ascontiguousarray((down @ field).T)).T

"""Made-up cloud masks: fractal fields, cut off where the wanted part of the sky lies above.

The brightness of real cloud fields falls off as a power of the spatial frequency, with exponents of the power spectrum
from about 2 (scattered cumulus) to above 3 (stratus decks); thresholding such a field gives outlines of the fractal
dimensions of real clouds (S. Lovejoy, "Area-perimeter relation for rain and cloud areas", Science 216, 1982).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from errors import UserError

SEED_WORD = b"procedural cloud mask"  # so that other things made with the same number differ


@dataclass(frozen=True)
class ProceduralMasks:
    """How masks are made; `docs/cloud_tiles.md` shows some.

    Args:
        cover_percent: lowest and highest part of a mask that is cloud; drawn uniformly between them.
        slope: lowest and highest exponent of the power spectrum, likewise.
        largest_px: size from which structures do not grow any more; null: the mask itself.
        stretch: largest ratio by which structures are longer in one direction than across it (1: none).
    """

    cover_percent: Sequence[float] = (10.0, 95.0)
    slope: Sequence[float] = (2.2, 3.4)
    largest_px: float | None = None
    stretch: float = 2.0

    def __post_init__(self) -> None:
        for name, lowest, highest in (("cover_percent", 0, 100), ("slope", 0, 8)):
            pair = list(getattr(self, name))
            if len(pair) != 2 or not lowest <= pair[0] <= pair[1] <= highest:
                raise UserError(
                    f"generator.procedural.{name}: found {pair}, expected two ascending numbers from {lowest} to {highest}"
                )
        if self.stretch < 1:
            raise UserError(f"generator.procedural.stretch: found {self.stretch}, expected at least 1")

    def mask(self, height: int, width: int, seed: Sequence[int]) -> np.ndarray:
        """A mask, (height, width) bool; a function of its arguments.

        Args:
            height, width: pixels.
            seed: numbers that tell it from others.
        """
        generator = np.random.default_rng([*seed, *SEED_WORD])
        cover = _drawn(self.cover_percent, generator) / 100
        field = self.field(height, width, generator)
        threshold = np.quantile(field, 1 - cover)
        mask: np.ndarray = field > threshold if cover < 1 else np.ones_like(field, bool)
        return mask

    def field(self, height: int, width: int, generator: np.random.Generator) -> np.ndarray:
        """A fractal field of slope and stretch drawn from these, (height, width) float32; see `fractal_field`."""
        slope, ratio = _drawn(self.slope, generator), _drawn((1, self.stretch), generator)
        return fractal_field(
            height, width, generator, slope=slope, stretch=ratio, angle=generator.uniform(0, np.pi), largest_px=self.largest_px
        )  # fmt: skip


def fractal_field(
    height: int,
    width: int,
    generator: np.random.Generator,
    *,
    slope: float = 2.8,
    stretch: float = 1.0,
    angle: float = 0.0,
    largest_px: float | None = None,
) -> np.ndarray:
    """Noise whose power falls with the `slope`-th power of frequency, mean 0 and deviation 1; (height, width) float32.

    Args:
        height, width: pixels.
        generator: of everything random.
        slope: exponent of the power spectrum (of areas, so 2 is brown along a line).
        stretch: structures are longer by this along `angle`.
        angle: radians from the columns' direction.
        largest_px: below the frequency of this wavelength the spectrum is flat; None: the longer side.
    """
    # Twice as large as asked for, since a spectrum's field repeats: its opposite borders would match.
    rows, columns = 2 * height, 2 * width
    noise = np.fft.rfft2(generator.standard_normal((rows, columns), np.float32))
    down, right = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    squared = along**2 * stretch + across**2 / stretch
    lowest = 1 / (largest_px or max(height, width))
    amplitude = np.maximum(squared, lowest**2) ** (-slope / 4)
    field = np.fft.irfft2(noise * amplitude, (rows, columns))[:height, :width]
    field = (field - field.mean()) / max(float(field.std()), 1e-12)
    return np.ascontiguousarray(field, np.float32)


def _drawn(ends: Sequence[float], generator: np.random.Generator) -> float:
    low, high = ends
    return float(generator.uniform(low, high))

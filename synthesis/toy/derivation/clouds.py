"""Fractal clouds over an image, with the statistics of the published imagery."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from synthesis.toy.derivation.cloud_fields import Lattice, Taps, spread
from synthesis.toy.derivation.option_checks import (
    is_number,
    is_whole,
    require,
    require_pair,
    require_positive,
    require_share,
)
from synthesis.toy.derivation.stage import Draws, Prepared, Shape

FASTEST_PX = 1e4
Layer = tuple[np.ndarray, np.ndarray]  # opacity and brightness (H, W)


@dataclass(frozen=True)
class Clouds:
    """`(1 - a) x + a I` with the opacity a and the clouds' own brightness I, the same in all bands.

    a = clip((contrast * u) ** sparsity * density, 0, 1), where u is fractal noise in [0, 1]; I = brightness + coarse
    white noise + fractal noise. Noise is made on a lattice and brought to the image by cubic interpolation.

    Attributes:
        probability: chance of a frame to have clouds.
        density: factor of the opacity.
        sparsity: exponent; larger values leave more clear sky.
        sampling_scale_px: points of the lattice along the longer side of the image (fewer where it has fewer pixels).
        contrast: factor of the noise.
        exponent: fall-off of the opacity's amplitude with frequency.
        brightness: mean of I.
        brightness_exponent: fall-off of its fractal part.
        brightness_range: half the range of its fractal part, as a share of `brightness`.
        brightness_coarse_std: standard deviation of its coarse part.
        brightness_coarse_points: of the coarse part along the longer side.
        wind_px_per_frame: rows and columns that one field of clouds moves by from frame to frame; None: each frame has
            clouds of its own, as published.

    Raises:
        UserError: an impossible value.
    """

    probability: float = 1.0
    density: float = 1.0
    sparsity: float = 2.0
    sampling_scale_px: int = 128
    contrast: float = 1.5
    exponent: float = 1.5
    brightness: float = 250 / 255
    brightness_exponent: float = 1.2
    brightness_range: float = 0.2
    brightness_coarse_std: float = 5 / 255
    brightness_coarse_points: int = 8
    wind_px_per_frame: Sequence[float] | None = None

    def __post_init__(self) -> None:
        require_share("clouds.probability", self.probability)
        for name in ("density", "contrast", "exponent", "brightness_exponent", "brightness_range"):
            value = getattr(self, name)
            require(is_number(value) and value >= 0, f"clouds.{name}", value, "a number of at least 0")
        require_positive("clouds.sparsity", self.sparsity)
        for name in ("brightness", "brightness_coarse_std"):
            require(is_number(getattr(self, name)), f"clouds.{name}", getattr(self, name), "a number")
        for name in ("sampling_scale_px", "brightness_coarse_points"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 2, f"clouds.{name}", value, "a whole number of at least 2")
        if self.wind_px_per_frame is not None:
            require_pair(
                "clouds.wind_px_per_frame", self.wind_px_per_frame, -FASTEST_PX, FASTEST_PX, ascending=False
            )

    def layers(self, shape: Shape, draws: Draws) -> Callable[[int], Layer]:
        """Opacity and brightness of the clouds of each frame, whether it has clouds or not."""
        height, width, _ = shape
        wind = (
            None if self.wind_px_per_frame is None else (self.wind_px_per_frame[0], self.wind_px_per_frame[1])
        )
        longest = max(height, width)
        spacing = max(1.0, longest / self.sampling_scale_px)
        fine = Lattice.below(height, width, spacing, wind, draws.horizon)
        coarse = Lattice.below(height, width, longest / self.brightness_coarse_points, wind, draws.horizon)

        if wind is None:
            taps = fine.taps(0), coarse.taps(0)
            return lambda index: self._layer(*taps, *self._fields(fine, coarse, draws.frame(index)))
        fields = self._fields(fine, coarse, draws.product())
        return lambda index: self._layer(fine.taps(index), coarse.taps(index), *fields)

    def prepare(self, shape: Shape, draws: Draws) -> Prepared:
        """See `Stage`."""
        layers = self.layers(shape, draws)
        # A stream of its own: whether a frame has clouds must not change which.
        luck = Draws(draws.seed, draws.stage, f"{draws.name}/probability", draws.horizon)

        def image(frame: np.ndarray, index: int) -> np.ndarray:
            if luck.frame(index).random() >= self.probability:
                return frame
            opacity, brightness = (layer[..., None] for layer in layers(index))
            clouded = brightness - frame
            clouded *= opacity
            clouded += frame
            return clouded

        return Prepared(shape, image)

    def _fields(
        self, fine: Lattice, coarse: Lattice, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        opacity = fine.noise(rng, self.exponent)
        brightness = fine.noise(rng, self.brightness_exponent)
        patches = rng.standard_normal((coarse.rows, coarse.columns), dtype=np.float32)
        return opacity, brightness, patches

    def _layer(
        self,
        fine: Taps,
        coarse: Taps,
        opacity_field: np.ndarray,
        brightness_field: np.ndarray,
        patches: np.ndarray,
    ) -> Layer:
        opacity = np.clip(spread(fine, opacity_field), 0, 1)
        opacity *= self.contrast
        opacity **= self.sparsity
        opacity *= self.density
        brightness = spread(fine, 2 * brightness_field - 1)
        brightness *= self.brightness_range * self.brightness
        brightness += self.brightness
        brightness += self.brightness_coarse_std * spread(coarse, patches)
        return np.clip(opacity, 0, 1, out=opacity), brightness

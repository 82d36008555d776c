"""Made-up clouds over a made-up sea, for a mask: brightness that grows from the edges inwards, with fractal texture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from errors import UserError
from synthesis.clouds.procedural_masks import fractal_field

SEED_WORD = b"procedural cloud"


@dataclass(frozen=True)
class ProceduralClouds:
    """How clouds look; the colours are those of SLSTR's false colour with a fixed stretch.

    Args:
        water, ice: colours (red, green, blue) in [0, 1] of thick cloud of droplets and of crystals, which absorb at
            1.6 um; each image has a mixture of its own.
        sea: colour of what is not cloud.
        thinnest: brightness of cloud at its edge, as part of that of thick cloud.
        edge_px: distance from the edge at which half of the rest is reached.
        texture: standard deviation of the brightness of thick cloud, as part of it.
        slope: exponent of the power spectrum of that texture.
        blur_px: standard deviation of the optics' blur.
    """

    water: Sequence[float] = (0.52, 0.62, 0.61)
    ice: Sequence[float] = (0.42, 0.70, 0.72)
    sea: Sequence[float] = (0.02, 0.03, 0.06)
    thinnest: float = 0.35
    edge_px: float = 4.0
    texture: float = 0.16
    slope: float = 2.6
    blur_px: float = 0.6

    def __post_init__(self) -> None:
        lengths = {len(colour) for colour in (self.water, self.ice, self.sea)}
        if len(lengths) != 1:
            raise UserError(
                "generator.clouds: found colours of different lengths, expected as many values in each"
            )

    def image(self, mask: np.ndarray, seed: Sequence[int]) -> np.ndarray:
        """An image of the clouds of a mask, (C, H, W) float32 in [0, 1]; a function of its arguments.

        Args:
            mask: (H, W) bool.
            seed: numbers that tell it from others of the same mask.
        """
        height, width = mask.shape
        generator = np.random.default_rng([*seed, *SEED_WORD])
        ice, light = generator.uniform(0, 1), generator.uniform(0.85, 1.15)
        cloud = (1 - ice) * np.asarray(self.water, np.float32) + ice * np.asarray(self.ice, np.float32)
        inside = distance_transform_edt(mask) if not mask.all() else np.full(mask.shape, 10 * self.edge_px)
        thickness = self.thinnest + (1 - self.thinnest) * inside / (inside + self.edge_px)
        rough = fractal_field(height, width, generator, slope=self.slope)
        brightness = np.where(mask, light * thickness * (1 + self.texture * rough), 0)
        brightness = gaussian_filter(brightness.astype(np.float32), self.blur_px)
        swell = 1 + 0.1 * fractal_field(height, width, generator, slope=1.5)
        sea = np.asarray(self.sea, np.float32)[:, None, None] * swell
        opacity = np.clip(brightness, 0, 1)
        image = sea * (1 - opacity) + brightness * cloud[:, None, None]
        return np.clip(image, 0, 1).astype(np.float32)

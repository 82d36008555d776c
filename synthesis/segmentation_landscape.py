"""Made-up ground under made-up clouds: what is where, and what a satellite would measure of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

CLASSES = ("cloud", "ground", "snow", "water")
UNKNOWN = 255

# Reflectance at the top of the atmosphere, x 10 000, roughly as it is measured; between wavelengths it is interpolated.
_NM = (443, 490, 560, 665, 705, 740, 783, 842, 865, 945, 1375, 1610, 2190)
_SPECTRA = {
    "forest": (1300, 1020, 880, 640, 980, 2150, 2650, 2720, 2800, 980, 28, 1500, 700),
    "meadow": (1350, 1130, 1120, 860, 1450, 3000, 3700, 3800, 3900, 1350, 32, 2250, 1200),
    "soil": (1420, 1400, 1550, 1850, 2000, 2150, 2300, 2450, 2550, 950, 38, 3300, 2750),
    "rock": (1500, 1480, 1600, 1750, 1850, 1950, 2000, 2050, 2100, 850, 34, 2350, 2050),
    "snow": (8600, 8800, 8900, 8900, 8800, 8700, 8500, 8350, 8200, 4400, 120, 1150, 800),
    "water": (1280, 980, 760, 470, 390, 330, 310, 290, 270, 110, 22, 110, 70),
    "cloud": (6100, 5950, 6000, 6150, 6250, 6400, 6500, 6600, 6600, 3900, 420, 4900, 3700),
}
_COVERS = ("forest", "meadow", "soil", "rock", "snow", "water")
_LAKES = 0.08  # of the ground
_CLOUD_ALPHA = 0.4  # opacity from which a pixel is cloud
_OPTICS_PX = 0.5  # standard deviation of the blur of the finest bands


@dataclass(frozen=True)
class Ground:
    """What stays where it is.

    Attributes:
        altitude: (H, W) float32, metres.
        treecover: (H, W) float32, percent.
        lakes: (H, W) bool.
        texture: (H, W) float32, about 1: how bright a pixel is among its like.
    """

    altitude: np.ndarray
    treecover: np.ndarray
    lakes: np.ndarray
    texture: np.ndarray

    def part(self, rows: slice, columns: slice) -> "Ground":
        """A piece of it."""
        return Ground(*(array[rows, columns] for array in vars(self).values()))


def ground(height: int, width: int, generator: np.random.Generator) -> Ground:
    """Mountains, forests and lakes.

    Args:
        height, width: pixels of 10 m.
        generator: of everything random.
    """
    relief = np.zeros((height, width), np.float32)
    for scale, weight in ((120, 1.0), (40, 0.45), (12, 0.15), (4, 0.04)):
        relief += np.float32(weight) * smooth(height, width, scale, generator)
    altitude = 1200 + 700 * (relief - relief.mean()) / relief.std()
    basins = smooth(height, width, 30, generator) - 0.3 * relief
    lakes = basins > np.quantile(basins, 1 - _LAKES)
    altitude = np.where(lakes, gaussian_filter(altitude, 8), altitude)
    treecover = 55 - (altitude - 1100) / 22 + 30 * smooth(height, width, 18, generator)
    treecover = np.clip(np.where(lakes, 0, treecover), 0, 100)
    texture = 1 + 0.05 * smooth(height, width, 1.2, generator) + 0.05 * smooth(height, width, 5, generator)
    return Ground(
        altitude.astype(np.float32), treecover.astype(np.float32), lakes, texture.astype(np.float32)
    )


def acquisition(
    place: Ground,
    wavelengths_nm: Sequence[float],
    distances_m: Sequence[int],
    generator: np.random.Generator,
    *,
    noise: float = 15.0,
) -> tuple[np.ndarray, np.ndarray]:
    """One image of a piece of ground, at a season and under clouds of its own.

    Args:
        place: the ground, pixels of 10 m.
        wavelengths_nm, distances_m: of the bands; coarse bands are blurred as if they had been resampled to 10 m.
        generator: of everything random.
        noise: standard deviation, digital numbers.

    Returns:
        (C, H, W) float32 harmonised digital numbers, at least 1, and (H, W) uint8 indices into `CLASSES`.
    """
    height, width = place.altitude.shape
    snowline = generator.uniform(800, 1800)
    snow = place.altitude + 120 * smooth(height, width, 6, generator) > snowline
    snow &= ~(place.treecover > 75) & ~place.lakes
    covers = _covers(place, snow, generator)
    alpha, thickness = _clouds(height, width, generator)
    light = _shading(place.altitude) * place.texture
    shadow = np.roll(alpha, (int(generator.integers(4, 12)), int(generator.integers(-8, 8))), (0, 1))
    light *= 1 - 0.45 * shadow * (alpha < _CLOUD_ALPHA)
    light = np.where(covers == _COVERS.index("water"), 1.0, light)
    bands = np.empty((len(wavelengths_nm), height, width), np.float32)
    for number, (nanometres, distance) in enumerate(zip(wavelengths_nm, distances_m, strict=True)):
        spectrum = [float(np.interp(nanometres, _NM, _SPECTRA[name])) for name in _COVERS]
        spectrum = [value * generator.normal(1, 0.04) for value in spectrum]
        cloud = float(np.interp(nanometres, _NM, _SPECTRA["cloud"])) * (0.6 + 0.5 * thickness)
        pixels = np.array(spectrum, np.float32)[covers] * light
        pixels = (1 - alpha) * pixels + alpha * cloud
        pixels = gaussian_filter(pixels, max(_OPTICS_PX, distance / 10 / 2.4 if distance > 10 else 0))
        bands[number] = pixels + noise * generator.standard_normal((height, width), np.float32)
    indices = np.full((height, width), CLASSES.index("ground"), np.uint8)
    indices[place.lakes] = CLASSES.index("water")
    indices[snow] = CLASSES.index("snow")
    indices[alpha > _CLOUD_ALPHA] = CLASSES.index("cloud")
    return np.maximum(bands, 1, out=bands), indices


def smooth(height: int, width: int, scale: float, generator: np.random.Generator) -> np.ndarray:
    """Noise without structure finer than `scale` pixels, mean about 0 and deviation about 1; (height, width) float32."""
    step = max(1, int(scale / 3))
    small = (-(-height // step) + 4, -(-width // step) + 4)
    coarse = generator.standard_normal((small[0] + 8, small[1] + 8), np.float32)
    blurred = gaussian_filter(coarse, scale / step, mode="wrap")
    # Independent of the size of the piece: white noise blurred by a Gaussian has this deviation.
    blurred *= np.float32(2 * np.sqrt(np.pi) * scale / step)
    grown = zoom(blurred, step, order=1) if step > 1 else blurred
    return np.ascontiguousarray(grown[:height, :width])


def _covers(place: Ground, snow: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    height, width = place.altitude.shape
    fields = smooth(height, width, 14, generator)
    covers = np.where(fields > 0.2, _COVERS.index("meadow"), _COVERS.index("soil"))
    covers = np.where(place.altitude > 1900, _COVERS.index("rock"), covers)
    covers = np.where(place.treecover > 45, _COVERS.index("forest"), covers)
    covers = np.where(place.lakes, _COVERS.index("water"), covers)
    return np.where(snow, _COVERS.index("snow"), covers)


def _clouds(height: int, width: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Opacity and thickness of the clouds, 0 to 1."""
    field = smooth(height, width, 30, generator) + 0.5 * smooth(height, width, 8, generator)
    cover = generator.uniform(0.1, 0.5)
    base = np.quantile(field, 1 - cover)
    alpha = np.clip((field - base) / 0.5 + 0.5, 0, 1)
    return alpha.astype(np.float32), np.clip((field - base) / 1.5, 0, 1).astype(np.float32)


def _shading(altitude: np.ndarray) -> np.ndarray:
    down, right = np.gradient(altitude / 10)
    return np.clip(1 - 0.35 * right + 0.35 * down, 0.5, 1.2).astype(np.float32)

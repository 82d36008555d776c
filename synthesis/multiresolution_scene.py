"""Landscapes for made-up products: kinds of ground with sharp borders, and what they reflect at every wavelength."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

THERMAL_NM = 3000.0  # beyond, ground is told apart by its warmth
TEXTURES = 3  # independent ones that bands share, each band in its own proportion
OPTICS_PX = 0.6  # standard deviation of the blur of the finest grid

# Reflectance by wavelength (nm), roughly as in spectral libraries; what varies from scene to scene is added.
_MATERIALS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda nm: _vegetation(nm, 0.45),  # crops
    lambda nm: _vegetation(nm, 0.30),  # forest
    lambda nm: 0.5 * (_vegetation(nm, 0.30) + _soil(nm, 0.30)),  # stubble
    lambda nm: _soil(nm, 0.35),  # bare soil
    lambda nm: 0.07 * np.exp(-(nm - 450) / 250),  # water
    lambda nm: 0.09 + 0.03 * np.minimum(nm, 2500) / 2500,  # asphalt
    lambda nm: 0.35 - 0.05 * np.minimum(nm, 2500) / 2500,  # bright roofs
    lambda nm: 0.12 + 0.20 / (1 + np.exp(-(nm - 600) / 30)),  # tiles
)
_FIELDS, _WATER, _ROAD, _ROOFS = (0, 1, 2, 3), 4, 5, (6, 7)
_WARMTH = (0.30, 0.28, 0.36, 0.40, 0.26, 0.42, 0.38, 0.41)


def landscape(size: int, wavelengths_nm: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Reflectance of a square of made-up ground.

    Fields of irregular shape, a river, roads and houses; within them a texture that bands share in part. Borders are
    at the same place in all bands, so that a sharp band tells where those of another are, but how much of a step a
    border is differs from band to band: the spectra of what lies on its two sides are mixed in each pixel.

    Args:
        size: side, pixels.
        wavelengths_nm: (B,) of the bands.
        generator: of everything random.

    Returns:
        (B, size, size) float32, about 0 to 0.6.
    """
    kinds, brightness = _map(size, generator)
    spectra = _spectra(wavelengths_nm, generator)
    textures = [_texture(size, generator) for _ in range(TEXTURES)]
    image = np.empty((len(wavelengths_nm), size, size), np.float32)
    parts = [((kinds == kind) * brightness).astype(np.float32) for kind in range(len(_MATERIALS))]
    mixture = np.stack([gaussian_filter(part, OPTICS_PX) for part in parts])
    strength = 0.04 + 0.06 * (mixture[0] + mixture[1])  # more of it in vegetation
    for band, spectrum in enumerate(spectra):
        grain = textures[0].copy()  # what all bands share, and a little of the others
        for other, weight in zip(textures[1:], generator.uniform(-0.5, 0.5, TEXTURES - 1), strict=True):
            grain += np.float32(weight) * other
        image[band] = np.tensordot(spectrum, mixture, 1) * (1 + strength * grain)
    return np.maximum(image, 0.002, out=image)


def _vegetation(nm: np.ndarray, infrared: float) -> np.ndarray:
    green = 0.035 * np.exp(-(((nm - 550) / 40) ** 2))
    edge = 1 / (1 + np.exp(-(nm - 715) / 14))
    water = np.where(nm > 1300, np.exp(-(nm - 1300) / 700), 1.0)
    return 0.04 + green + infrared * edge * water


def _soil(nm: np.ndarray, brightest: float) -> np.ndarray:
    return 0.05 + brightest * (1 - np.exp(-np.maximum(nm - 380, 0) / 900))


def _spectra(wavelengths_nm: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(B, K) reflectances of the kinds of ground, a little different in each scene."""
    nm = np.asarray(wavelengths_nm, float)
    columns = []
    for kind, material in enumerate(_MATERIALS):
        tilt = generator.normal(1, 0.12) + generator.normal(0, 0.08) * np.minimum(nm, 2500) / 2500
        values = np.where(nm > THERMAL_NM, _WARMTH[kind], material(np.minimum(nm, THERMAL_NM)) * tilt)
        columns.append(np.clip(values, 0.005, 0.8))
    return np.stack(columns, 1).astype(np.float32)


def _map(size: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Kind of ground of each pixel, and how bright its patch is: (size, size) int and float."""
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    places = np.stack([rows.ravel(), columns.ravel()], 1).astype(float)
    angle, stretch = generator.uniform(0, np.pi), generator.uniform(1, 2.5)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [stretch * np.sin(angle), stretch * np.cos(angle)]])
    count = max(12, size * size // 1600)
    centres = generator.uniform(0, size, (count, 2))
    nearest = cKDTree(centres @ turn.T).query(places @ turn.T)[1].reshape(size, size)
    kinds = generator.choice(_FIELDS, count)[nearest]
    brightness = np.clip(generator.normal(1, 0.18, count), 0.5, 1.6)[nearest]
    for width, kind in ((generator.uniform(4, 12), _WATER), *((1.2, _ROAD),) * 4):
        line = _distance_to_a_line(rows, columns, size, generator, bend=6 if kind == _WATER else 1)
        kinds, brightness = np.where(line < width, kind, kinds), np.where(line < width, 1.0, brightness)
    for _ in range(max(4, size * size // 4000)):
        height, width = generator.integers(2, 7, 2)
        row, column = generator.integers(0, size - 8, 2)
        kinds[row : row + height, column : column + width] = generator.choice(_ROOFS)
        brightness[row : row + height, column : column + width] = generator.uniform(0.7, 1.4)
    return kinds, brightness


def _distance_to_a_line(
    rows: np.ndarray, columns: np.ndarray, size: int, generator: np.random.Generator, bend: float
) -> np.ndarray:
    angle, phase = generator.uniform(0, np.pi), generator.uniform(0, 2 * np.pi)
    along = (rows - size / 2) * np.cos(angle) + (columns - size / 2) * np.sin(angle)
    across = (columns - size / 2) * np.cos(angle) - (rows - size / 2) * np.sin(angle)
    wave = bend * 2 * np.sin(phase + along / (0.1 * size))
    distance: np.ndarray = np.abs(across - generator.uniform(-0.4, 0.4) * size - wave)
    return distance


def _texture(size: int, generator: np.random.Generator) -> np.ndarray:
    """Noise of two grain sizes, standard deviation about 1; (size, size) float32."""
    total = np.zeros((size, size), np.float32)
    for sigma, weight in ((1.0, 0.6), (3.0, 0.8)):
        grain = gaussian_filter(generator.standard_normal((size, size), np.float32), sigma, mode="wrap")
        total += weight * grain / max(float(grain.std()), 1e-6)
    return total

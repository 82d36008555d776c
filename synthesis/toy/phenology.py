"""The built-in time-series model: reflectance of fields through the seasons."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def phenology_series(
    classes: np.ndarray, num_bands: int, num_frames: int, model: Mapping[str, Any], rng: np.random.Generator
) -> np.ndarray:
    """One series for every cell; cells of a class differ in dates, greenness, soil and tint.

    A cell is a mixture of a ground spectrum and green vegetation, whose fraction follows a double logistic
    curve over the year (Beck et al. 2006, "Improved monitoring of vegetation dynamics at very high
    latitudes"). Frames are spread evenly over one year.

    Args:
        classes: (N,) class numbers from 1, in the order of `model["classes"]`.
        num_bands: the first bands of `model["wavelengths_nm"]`.
        num_frames: time steps, T.
        model: `conf/phenology/*.yaml` as plain Python types.
        rng: source of all variation.

    Returns:
        (N, T, B) float64 in [0, 1]: reflectance over the band's full scale.
    """
    curves = model["classes"]
    spread = model["variation"]
    count = len(classes)
    days = (np.arange(num_frames) + 0.5) * model["days_per_year"] / num_frames
    green = _green_fraction(classes, days, curves, spread, rng)

    spectra = {
        name: band_spectrum(model, name, num_bands) for name in model["spectra"] if name != "wavelengths_nm"
    }
    ground = np.stack([spectra[curves[number - 1]["ground"]] for number in classes]).reshape(
        count, 1, num_bands
    )
    brightness = 1 + spread["ground_brightness"] * rng.standard_normal((count, 1, 1))
    wetness = 1 + spread["wetness"] * rng.standard_normal((count, num_frames, 1))
    tint = 1 + spread["tint"] * rng.standard_normal((count, 1, num_bands))
    reflectance = (1 - green) * ground * brightness * wetness + green * spectra["vegetation"]
    return np.clip(reflectance * tint / spectra["full_scale"], 0.0, 1.0)


def band_spectrum(model: Mapping[str, Any], name: str, num_bands: int) -> np.ndarray:
    """Spectrum `name` of the model at its first `num_bands` bands, (B,) float64."""
    table = model["spectra"]
    return np.interp(model["wavelengths_nm"][:num_bands], table["wavelengths_nm"], table[name])


def _green_fraction(
    classes: np.ndarray,
    days: np.ndarray,
    curves: Any,
    spread: Mapping[str, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """(N, T, 1) part of the ground that green vegetation covers, in [0, 1]."""

    def per_cell(key: str) -> np.ndarray:
        return np.array([curves[number - 1][key] for number in classes], dtype=float)

    count = len(classes)
    shift = spread["days"] * rng.standard_normal((count, 2))
    green = per_cell("green") + spread["green"] * rng.standard_normal((count, 2))
    up, down = per_cell("green_up_day") + shift[:, 0], per_cell("senescence_day") + shift[:, 1]
    rise = 1 / (1 + np.exp(-(days - up[:, None]) / per_cell("rise_days")[:, None]))
    fall = 1 / (1 + np.exp(-(days - down[:, None]) / per_cell("fall_days")[:, None]))
    low, high = np.clip(green.T, 0, 1)[:, :, None]
    return np.clip(low + (high - low) * (rise - fall), 0, 1)[..., None]

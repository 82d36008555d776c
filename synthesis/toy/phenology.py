"""The built-in time-series model: what fields look like through the seasons, to an optical sensor or a radar."""

from collections.abc import Mapping
from typing import Any

import numpy as np

DECIBEL = "decibel"  # the `scale` of spectra that are 10 log10 of a power


def phenology_series(
    classes: np.ndarray,
    num_bands: int,
    num_frames: int,
    model: Mapping[str, Any],
    rng: np.random.Generator,
    own_rng: np.random.Generator | None = None,
) -> np.ndarray:
    """One series for every cell; cells of a class differ in dates, greenness, soil and tint.

    A cell is a mixture of a ground spectrum and green vegetation, whose fraction follows a double logistic
    curve over the year (Beck et al. 2006, "Improved monitoring of vegetation dynamics at very high
    latitudes"). Frames are spread evenly over one year. Powers are mixed, also where the spectra are in decibels.

    Two sensors see the same fields if `rng` starts alike: the same dates, greenness and wetness of every date. What
    belongs to the sensor, the brightness of the ground and the tint of the bands, then comes from `own_rng`.

    Args:
        classes: (N,) class numbers from 1, in the order of `model["classes"]`.
        num_bands: the first bands of `model["band_names"]`.
        num_frames: time steps, T.
        model: `conf/phenology/*.yaml` as plain Python types.
        rng: source of what the fields do, and of all variation without `own_rng`.
        own_rng: source of what only this sensor sees.

    Returns:
        (N, T, B) float64 in [0, 1]: from the band's `lowest` (0 where the model names none) to its `full_scale`.
    """
    curves = model["classes"]
    spread = model["variation"]
    count = len(classes)
    days = (np.arange(num_frames) + 0.5) * model["days_per_year"] / num_frames
    green = _green_fraction(classes, days, curves, spread, rng)

    ground, plants = (_powers(model, classes, key, num_bands) for key in ("ground", "vegetation"))
    bright = rng.standard_normal((count, 1, 1))
    wet = rng.standard_normal((count, num_frames, 1))
    if own_rng is not None:
        bright, rng = own_rng.standard_normal((count, 1, 1)), own_rng
    brightness = 1 + spread["ground_brightness"] * bright
    wetness = 1 + spread["wetness"] * wet
    tint = 1 + spread["tint"] * rng.standard_normal((count, 1, num_bands))
    return _scaled(((1 - green) * ground * brightness * wetness + green * plants) * tint, model, num_bands)


def band_spectrum(model: Mapping[str, Any], name: str, num_bands: int) -> np.ndarray:
    """Spectrum `name` of the model at its first `num_bands` bands, (B,) float64, in the model's unit."""
    table = model["spectra"]
    if "wavelengths_nm" not in table:
        return np.array(table[name][:num_bands], dtype=float)
    return np.interp(model["wavelengths_nm"][:num_bands], table["wavelengths_nm"], table[name])


def _powers(model: Mapping[str, Any], classes: np.ndarray, key: str, num_bands: int) -> np.ndarray:
    """(N, 1, B): what lies below (`ground`) or grows on (`vegetation`) each cell, as a power or reflectance."""
    names = [curve.get(key, key) for curve in model["classes"]]
    values = np.stack([band_spectrum(model, name, num_bands) for name in names])[classes - 1]
    return (10 ** (values / 10) if model.get("scale") == DECIBEL else values)[:, None]


def _scaled(power: np.ndarray, model: Mapping[str, Any], num_bands: int) -> np.ndarray:
    full = band_spectrum(model, "full_scale", num_bands)
    low = band_spectrum(model, "lowest", num_bands) if "lowest" in model["spectra"] else np.zeros(num_bands)
    if model.get("scale") == DECIBEL:
        power = 10 * np.log10(np.maximum(power, 10 ** (low / 10)))  # a field can be darker than dark
    return np.clip((power - low) / (full - low), 0.0, 1.0)


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

"""Errors of super-resolved bands in digital numbers, kept as sums over any number of windows."""

import math
from dataclasses import dataclass

import numpy as np

from evaluation.image_metrics import ergas_of_bands, spectral_angle_sum
from evaluation.universal_quality import quality_sum

# JSON has no infinity: a band that comes back exactly has a signal-to-reconstruction error of 100 dB.
HIGHEST_DB = 100.0
BAND_SCORES = ("rmse", "sre", "uiq")
SCORES = ("rmse", "sre", "sam", "uiq", "ergas")


@dataclass(frozen=True)
class ErrorSums:
    """Sums of errors over pixels and windows; `+` pools those of two sets of pixels.

    Metrics are taken of the sums over a whole test set, so they do not depend on how it was cut into windows, but
    for the quality index, whose 8 x 8 windows do not reach from one window of the test set into the next.

    Attributes:
        pixels: valid pixels, `(C,)` int64.
        squared: sum of squared errors, `(C,)` float64, digital numbers squared.
        reference: sum of the target, `(C,)` float64.
        quality, windows: sum of the quality index and its windows, `(C,)`.
        angle, spectra: sum of the spectral angles in degrees, and how many they are.
    """

    pixels: np.ndarray
    squared: np.ndarray
    reference: np.ndarray
    quality: np.ndarray
    windows: np.ndarray
    angle: float
    spectra: int

    @classmethod
    def of(cls, prediction: np.ndarray, target: np.ndarray, valid: np.ndarray) -> "ErrorSums":
        """The sums of one window.

        Args:
            prediction, target: `(C, H, W)` digital numbers.
            valid: `(C, H, W)` bool; pixels whose target is not finite never count.

        Raises:
            ValueError: shapes differ.
        """
        if not (prediction.shape == target.shape == valid.shape) or target.ndim != 3:
            raise ValueError(
                f"expected three (C, H, W) arrays of one shape, found {prediction.shape}, {target.shape}, {valid.shape}"
            )
        valid = valid & np.isfinite(target)
        rows, columns = _bounding_box(valid)
        prediction, target, valid = (image[:, rows, columns] for image in (prediction, target, valid))
        bands = len(target)
        counts = np.zeros((2, bands), np.int64)
        sums = np.zeros((3, bands))
        for band in range(bands):
            inside = valid[band]
            x = target[band][inside].astype(np.float64)
            difference = prediction[band][inside] - x
            sums[0, band], sums[1, band] = np.dot(difference, difference), x.sum()
            sums[2, band], counts[1, band] = quality_sum(target[band], prediction[band], inside)
            counts[0, band] = x.size
        everywhere: np.ndarray = np.asarray(valid.all(axis=0))
        angle, spectra = 0.0, 0
        if everywhere.any():
            angle, spectra = spectral_angle_sum(target, prediction, everywhere)
        return cls(counts[0], sums[0], sums[1], sums[2], counts[1], angle, spectra)

    def __add__(self, other: "ErrorSums") -> "ErrorSums":
        return ErrorSums(
            self.pixels + other.pixels,
            self.squared + other.squared,
            self.reference + other.reference,
            self.quality + other.quality,
            self.windows + other.windows,
            self.angle + other.angle,
            self.spectra + other.spectra,
        )

    @property
    def is_finite(self) -> bool:
        """Whether every predicted value that counts was a finite number."""
        return bool(np.isfinite(self.squared).all())

    def bands(self) -> list[dict[str, float | None]]:
        """{score: value} of each band: `rmse` (digital numbers), `sre` (dB), `uiq`; None where undefined."""
        result = []
        for pixels, squared, reference, quality, windows in zip(
            self.pixels, self.squared, self.reference, self.quality, self.windows, strict=True
        ):
            known = bool(pixels) and math.isfinite(squared)
            mse = float(squared / pixels) if known else 0.0
            result.append(
                {
                    "rmse": math.sqrt(mse) if known else None,
                    "sre": signal_to_error(float(reference / pixels), mse) if known else None,
                    "uiq": float(quality / windows) if windows and math.isfinite(quality) else None,
                }
            )
        return result

    def scores(self, ratio: float) -> dict[str, float | None]:
        """Means over the bands that have valid pixels of `rmse`, `sre` and `uiq`, and `sam` (degrees) and `ergas`.

        Args:
            ratio: pixel side of the coarse bands over that of the fine grid.

        Returns:
            None for what is undefined, and for everything where a predicted value that counts was not finite.
        """
        if not self.is_finite or not self.pixels.any():
            return dict.fromkeys(SCORES)
        bands = [band for band, pixels in zip(self.bands(), self.pixels, strict=True) if pixels]
        counted = self.pixels > 0
        pixels = self.pixels[counted]
        means = self.reference[counted] / pixels
        return {
            **{name: _mean([band[name] for band in bands]) for name in BAND_SCORES},
            "sam": self.angle / self.spectra if self.spectra else None,
            "ergas": ergas_of_bands(self.squared[counted] / pixels, means, ratio),
        }


def signal_to_error(mean: float, mean_squared_error: float) -> float | None:
    """Signal-to-reconstruction error `10 log10(mean^2 / MSE)` in dB, at most 100; None for a mean of zero."""
    if mean == 0:
        return None
    if mean_squared_error == 0:
        return HIGHEST_DB
    return min(HIGHEST_DB, 10 * math.log10(mean**2 / mean_squared_error))


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _bounding_box(valid: np.ndarray) -> tuple[slice, slice]:
    """The smallest rectangle with all valid pixels: what lies around it need not be looked at."""
    somewhere: np.ndarray = np.asarray(valid.any(axis=0))
    rows, columns = (np.flatnonzero(somewhere.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

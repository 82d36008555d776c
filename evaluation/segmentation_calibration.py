"""Whether a model is as often right as it believes to be."""

from typing import Any

import numpy as np

from products.class_table import IGNORE

BINS = 15


class CalibrationSums:
    """Confidences and hits of pixels, in bins of equal width from 0 to 1; sums alone are kept.

    Attributes:
        pixels, confidence, hits: `(BINS,)`: counted pixels, the sum of their confidences, how many were right.
    """

    def __init__(self) -> None:
        self.pixels = np.zeros(BINS, np.int64)
        self.confidence = np.zeros(BINS, np.float64)
        self.hits = np.zeros(BINS, np.int64)

    def add(self, confidence: np.ndarray, prediction: np.ndarray, truth: np.ndarray) -> None:
        """Count a window: `(H, W)` probability of the predicted class, its index, and the truth (255 = unknown)."""
        known = (truth != IGNORE) & (prediction != IGNORE)
        values = np.clip(confidence[known].astype(np.float64), 0, 1)
        place = np.minimum((values * BINS).astype(np.int64), BINS - 1)
        self.pixels += np.bincount(place, minlength=BINS)
        self.confidence += np.bincount(place, weights=values, minlength=BINS)
        self.hits += np.bincount(place[prediction[known] == truth[known]], minlength=BINS)

    def error(self) -> float | None:
        """Expected calibration error: mean over the pixels of |share that is right - mean confidence| of their bin
        (Naeini et al. 2015); None where nothing was counted."""
        total = self.pixels.sum()
        return None if not total else float(np.abs(self.hits - self.confidence).sum() / total)

    def section(self) -> dict[str, Any]:
        """`bins`: for each that has pixels [from, to], `pixels`, `mean_confidence`, `accuracy`."""
        return {
            "bins": [
                {
                    "from": index / BINS,
                    "to": (index + 1) / BINS,
                    "pixels": int(self.pixels[index]),
                    "mean_confidence": float(self.confidence[index] / self.pixels[index]),
                    "accuracy": float(self.hits[index] / self.pixels[index]),
                }
                for index in np.flatnonzero(self.pixels).tolist()
            ]
        }

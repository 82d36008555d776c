"""Shadows of clouds: where the sun throws them, and what they leave of the light."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from errors import UserError

Range = float | Sequence[float]


class Sun(NamedTuple):
    """What decides where a shadow falls.

    Attributes:
        azimuth: degrees from the top of the image, clockwise.
        elevation: degrees above the horizon.
        height_m: of the cloud above the ground.
    """

    azimuth: float
    elevation: float
    height_m: float

    def offset_px(self, pixel_m: float) -> tuple[float, float]:
        """Rows and columns from a cloud to its shadow, on flat ground seen from above."""
        length = self.height_m / math.tan(math.radians(self.elevation)) / pixel_m
        azimuth = math.radians(self.azimuth)
        return length * math.cos(azimuth), -length * math.sin(azimuth)


@dataclass(frozen=True)
class Shadow:
    """How shadows are made. Each of the first three is a number, or [lowest, highest] to draw from for each image.

    Args:
        azimuth, elevation, height_m: see `Sun`.
        darkness: part of the light that a thick cloud takes from the ground; a number, or one by name of a band with a
            `default` (the sky lights shadows in blue more than in the infrared).
        pixel_m: side of a pixel; None: as the surfaces say.

    Raises:
        UserError: impossible numbers.
    """

    azimuth: Range = (0.0, 360.0)
    elevation: Range = (25.0, 65.0)
    height_m: Range = (800.0, 6000.0)
    darkness: float | Mapping[str, float] = 0.55
    pixel_m: float | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("azimuth", -360, 360), ("elevation", 1, 90), ("height_m", 0, 25_000)):
            pair = _pair(getattr(self, name))
            if pair is None or not low <= pair[0] <= pair[1] <= high:
                raise UserError(
                    f"generator.shadow.{name}: found {getattr(self, name)}, "
                    f"expected a number from {low} to {high}, or two ascending ones"
                )
        values = self.darkness.values() if isinstance(self.darkness, Mapping) else [self.darkness]
        if not all(0 <= float(value) <= 1 for value in values):
            raise UserError(f"generator.shadow.darkness: found {self.darkness}, expected 0 to 1")
        if self.pixel_m is not None and not self.pixel_m > 0:
            raise UserError(f"generator.shadow.pixel_m: found {self.pixel_m}, expected more than 0")

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> "Shadow | None":
        """From the node of a config; None where there shall be no shadow.

        Raises:
            UserError: impossible numbers.
        """
        if settings is None or not settings.get("cast", True):
            return None
        return cls(**{key: value for key, value in settings.items() if key != "cast"})

    def drawn(self, generator: np.random.Generator) -> Sun:
        """The sun over one image."""
        pairs = [_pair(value) for value in (self.azimuth, self.elevation, self.height_m)]
        return Sun(*(float(generator.uniform(*pair)) for pair in pairs if pair is not None))

    def fallen(self, opacity: np.ndarray, sun: Sun, pixel_m: float) -> np.ndarray:
        """Opacity of the clouds between the ground and the sun, (h, w) float32; nothing comes in from outside.

        Args:
            opacity: of the clouds as they are seen from above, (h, w) float32.
            sun: see there.
            pixel_m: side of a pixel.
        """
        return shifted(opacity, *sun.offset_px(pixel_m))

    def light(self, fallen: np.ndarray, bands: Sequence[str]) -> np.ndarray:
        """What shadows leave of the light on the ground, (C, h, w) float32 in [0, 1].

        Args:
            fallen: see there.
            bands: names, C of them.
        """
        darkness = np.array([self._darkness(band) for band in bands], np.float32)
        left: np.ndarray = 1 - darkness[:, None, None] * fallen
        return left

    def _darkness(self, band: str) -> float:
        if not isinstance(self.darkness, Mapping):
            return float(self.darkness)
        named = {str(name).lower(): float(value) for name, value in self.darkness.items()}
        found = named.get(band.lower(), named.get("default"))
        if found is None:
            raise UserError(
                f"generator.shadow.darkness: found no number for the band {band}, expected one, or a default"
            )
        return found


def shifted(field: np.ndarray, rows: float, columns: float) -> np.ndarray:
    """A field moved down and to the right by any part of pixels, bilinearly; 0 comes in from outside.

    Args:
        field: (h, w) float32.
        rows, columns: how far.

    Returns:
        (h, w) float32.
    """
    down, right = math.floor(rows), math.floor(columns)
    moved = np.zeros_like(field)
    for row, row_weight in ((down, 1 - (rows - down)), (down + 1, rows - down)):
        for column, column_weight in ((right, 1 - (columns - right)), (right + 1, columns - right)):
            weight = row_weight * column_weight
            if weight:
                _add_moved(moved, field, row, column, np.float32(weight))
    return moved


def _add_moved(target: np.ndarray, field: np.ndarray, rows: int, columns: int, weight: np.float32) -> None:
    height, width = field.shape
    if abs(rows) >= height or abs(columns) >= width:
        return
    into = np.s_[max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)]
    source = np.s_[max(-rows, 0) : height + min(-rows, 0), max(-columns, 0) : width + min(-columns, 0)]
    target[into] += weight * field[source]


def _pair(value: Any) -> tuple[float, float] | None:
    if isinstance(value, int | float):
        return float(value), float(value)
    if isinstance(value, Sequence) and len(value) == 2:
        return float(value[0]), float(value[1])
    return None

"""The image grids of an SLSTR product, and where the pixels of one lie on another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class SlstrGrid:
    """A grid of one product.

    Attributes:
        suffix: e.g. `an`: stripe A (500 m), nadir; `in`: 1 km, nadir; `tx`: tie points.
        rows, columns: its size.
        track_offset: column of the ground track.
        start_offset: number of its first row, counted from the orbit's start in rows of this grid (some old products
            give all grids the number of the 1 km grid).
        resolution: metres across and along track.
    """

    suffix: str
    rows: int
    columns: int
    track_offset: float
    start_offset: float
    resolution: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.rows, self.columns

    def positions_on(self, other: "SlstrGrid") -> tuple[np.ndarray, np.ndarray]:
        """Row numbers (rows,) and column numbers (columns,) of this grid's pixels on another; float64.

        They may be fractions and may lie outside of the other grid. Grids of one product share their ground track
        and the start of the orbit; they are never stretched over each other.
        """
        across = self.resolution[0] / other.resolution[0]
        along = self.resolution[1] / other.resolution[1]
        shift = (
            0.0 if self.start_offset == other.start_offset else self.start_offset * along - other.start_offset
        )
        rows = np.arange(self.rows) * along + shift
        columns = (np.arange(self.columns) - self.track_offset) * across + other.track_offset
        return rows, columns

    def cells_on(self, other: "SlstrGrid") -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Which pixel of another grid covers each row and column of this one (1 km pixels cover two by two of 500 m).

        Returns:
            rows (rows,) and columns (columns,) int64, kept inside of the other grid; and bool arrays of the same sizes:
            whether it reaches that far. One pixel beyond is still taken from the margin: the grids' first rows may
            differ by one.
        """
        found = []
        for positions, size in zip(self.positions_on(other), other.shape, strict=True):
            cells = np.floor(positions + 1e-6).astype(np.int64)
            found.append((np.clip(cells, 0, size - 1), (cells >= -1) & (cells <= size)))
        (rows, row_known), (columns, column_known) = found
        return rows, columns, row_known, column_known


def read_grid(
    suffix: str, shape: tuple[int, int], attributes: Mapping[str, Any], default: SlstrGrid
) -> SlstrGrid:
    """A grid from a file's global attributes `track_offset`, `start_offset` and `resolution` ("[ 500 500 ]").

    Args:
        suffix: of the grid.
        shape: rows, columns.
        attributes: of the file.
        default: what is taken where the file says nothing.
    """
    numbers = attributes.get("resolution")
    if isinstance(numbers, str):
        numbers = _NUMBER.findall(numbers)
    resolution = [float(number) for number in np.ravel(numbers)] if numbers is not None else []
    if len(resolution) != 2 or min(resolution) <= 0:
        resolution = list(default.resolution)
    return SlstrGrid(
        suffix,
        *shape,
        _number(attributes.get("track_offset"), default.track_offset),
        _number(attributes.get("start_offset"), default.start_offset),
        (resolution[0], resolution[1]),
    )


def _number(value: Any, default: float) -> float:
    try:
        return float(np.ravel(value)[0]) if value is not None else default
    except (ValueError, TypeError, IndexError):
        return default

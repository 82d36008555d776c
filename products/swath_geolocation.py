"""Longitude and latitude of every pixel of a swath, from arrays that are coarser, as fine, or finer."""

import logging

import numpy as np

from errors import UserError
from products.grid import Grid
from products.product import Geolocation
from products.swath_family import Family
from products.swath_file import SwathFile
from products.window import Window

LOG = logging.getLogger(__name__)


class SwathGeolocation:
    """Positions of the centres of a swath's pixels (WGS 84).

    Between known positions, unit normals of the ellipsoid are interpolated linearly: neither the date line nor the
    poles are special. Consecutive scans overlap (bow tie), so rows are interpolated and extrapolated inside of
    each scan, never across two.

    Args:
        file: holds the arrays.
        longitude, latitude: their names.
        grid: of the finest pixels of the product that they are for.
        ground_sample_distance_m: of that grid.
        family: how the instrument scans; None: one smooth image whose grids nest.

    Raises:
        UserError: the arrays do not fit the product.
    """

    def __init__(
        self,
        file: SwathFile,
        longitude: str,
        latitude: str,
        grid: Grid,
        ground_sample_distance_m: int,
        family: Family | None,
    ) -> None:
        self.file, self.longitude, self.latitude = file, longitude, latitude
        self.height, self.width = file.fields[latitude].shape
        if file.fields[longitude].shape != (self.height, self.width):
            raise UserError(f"{file.path}: '{longitude}' and '{latitude}' differ in size, expected one size")
        self.first_samples_m = family.first_samples_m if family else 0
        rows_of_scan, rest = divmod(family.scan_m, ground_sample_distance_m) if family else (grid.height, 0)
        if rest or grid.height % rows_of_scan:
            LOG.warning(
                "%s: %d rows of %d m are no whole scans; positions are interpolated as if it were one",
                file.path, grid.height, ground_sample_distance_m,
            )  # fmt: skip
            rows_of_scan = grid.height
        self.scans = grid.height // rows_of_scan
        self.scan_m = rows_of_scan * ground_sample_distance_m
        self.rows_of_scan, rest = divmod(self.height, self.scans)
        expected = _count(grid.width, ground_sample_distance_m, self._own_m) if not rest else -1.0
        if rest or abs(self.width - expected) >= 1:
            raise UserError(
                f"{file.path}: found positions of {self.height} x {self.width} pixels, which do not fit the product's "
                f"{grid.height} x {grid.width} pixels of {ground_sample_distance_m} m in {self.scans} scans; "
                "expected the geolocation of the same granule"
            )

    @property
    def _own_m(self) -> float:
        """Ground sample distance of the arrays."""
        return self.scan_m / self.rows_of_scan

    def read(self, ground_sample_distance_m: int, window: Window) -> Geolocation:
        """Positions of a window of the grid `ground_sample_distance_m`, float64 degrees, NaN where unknown.

        Raises:
            UserError: the file is damaged there.
        """
        rows = np.arange(window.row, window.bottom)
        columns = np.arange(window.column, window.right)
        if ground_sample_distance_m == self._own_m:
            return Geolocation(*self._known(window))
        row, row_weight = self._rows(rows, ground_sample_distance_m)
        column, column_weight = _neighbours(self._columns(columns, ground_sample_distance_m), 0, self.width)
        top, left = int(row.min()), int(column.min())
        source = Window(
            top,
            left,
            min(int(row.max()) + 2, self.height) - top,
            min(int(column.max()) + 2, self.width) - left,
        )
        longitude, latitude = (np.radians(degrees) for degrees in self._known(source))
        normals = np.stack(
            [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
        )
        normals = _between(normals, row - top, row_weight, axis=1)
        x, y, z = _between(normals, column - left, column_weight, axis=2)
        return Geolocation(np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y))))

    def _known(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        longitude = self.file.read(self.longitude, window).astype(np.float64)
        latitude = self.file.read(self.latitude, window).astype(np.float64)
        unknown = ~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 360))  # fill values are -999 and -999.9
        longitude[unknown] = latitude[unknown] = np.nan
        return (longitude + 180) % 360 - 180 if (np.abs(longitude) > 180).any() else longitude, latitude

    def _rows(self, rows: np.ndarray, metres: int) -> tuple[np.ndarray, np.ndarray]:
        scan, inside = np.divmod(rows, self.scan_m // metres)
        scan_ends = np.minimum(scan, self.scans - 1)  # a coarse grid may have a part of a scan more
        inside = inside + (scan - scan_ends) * (self.scan_m // metres)
        position = (inside + 0.5) * (metres / self._own_m) - 0.5
        first = scan_ends * self.rows_of_scan
        return _neighbours(first + position, first, first + self.rows_of_scan)

    def _columns(self, columns: np.ndarray, metres: int) -> np.ndarray:
        """Where columns of a grid lie among those of the arrays."""
        anchor = self.first_samples_m
        if not anchor:
            return (columns + 0.5) * (metres / self._own_m) - 0.5
        positions = columns * (metres / anchor)  # among the anchor's columns
        if self._own_m > anchor:  # a sparse copy of the anchor's positions: the middle ones of blocks
            return (positions + 0.5) * (anchor / self._own_m) - 0.5
        return positions * (anchor / self._own_m)


def _count(width: int, metres: int, other_metres: float) -> float:
    return width * metres / other_metres


def _neighbours(
    positions: np.ndarray, first: np.ndarray | int, end: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """The index below each position, within [first, end - 2], and the weight of the one above; beyond 0..1 outside."""
    last = np.maximum(np.asarray(end) - 2, first)
    below = np.clip(np.floor(positions), first, last).astype(np.int64)
    weight = np.where(np.asarray(end) - np.asarray(first) > 1, positions - below, 0.0)
    return below, weight


def _between(values: np.ndarray, below: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    above = np.minimum(below + 1, values.shape[axis] - 1)
    shape = [1] * values.ndim
    shape[axis] = -1
    weight = weight.reshape(shape)
    low, high = values.take(below, axis), values.take(above, axis)
    mixed: np.ndarray = low + weight * (high - low)
    exact = np.broadcast_to(weight == 0, mixed.shape)  # an unknown neighbour does not matter there
    return np.where(exact, low, mixed)

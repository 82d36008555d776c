"""A raster read on another grid, by georeference: where it has no number that means something, that is said."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import CRSError, RasterioError
from rasterio.transform import Affine, array_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window as RasterioWindow

from errors import UserError
from products.grid import Grid
from products.raster import open_dataset
from products.window import Window

_TOLERANCE = 1e-3  # of a pixel: rounding of coordinates


@dataclass(frozen=True)
class NumberFacts:
    """Which numbers of a raster mean something.

    Attributes:
        valid_range: numbers outside of it mean nothing. What the file itself declares to be no data is believed only
            there: Earth Engine declares 0 to be none, which in these rasters is a number like any other.
        nodata: numbers that mean nothing although they are in the range.
        resampling: `nearest` or `bilinear`.
    """

    valid_range: tuple[float, float] = (-math.inf, math.inf)
    nodata: tuple[float, ...] = ()
    resampling: str = "nearest"


class AlignedRaster:
    """A raster on a grid that is not its own; a context manager. Belongs to the thread that made it.

    Where the grids are the same but for their edges, numbers are taken as they are; otherwise GDAL warps.

    Args:
        path: the file.
        grid: where its numbers are wanted.
        label: how messages call it, e.g. `water=FILE`.
        bands: 1-based.
        facts: see there.

    Raises:
        UserError: the file cannot be read, has too few bands, or one of the two has no georeference and another size.
    """

    def __init__(
        self,
        path: Path,
        grid: Grid,
        label: str,
        *,
        bands: Sequence[int] = (1,),
        facts: NumberFacts | None = None,
    ) -> None:
        self.path, self.grid, self.label = path, grid, label
        self.bands, self.facts = tuple(bands), facts or NumberFacts()
        self._dataset = opened(path, label)
        self._warped: Any = None
        try:
            if max(self.bands) > self._dataset.count:
                raise UserError(f"{label}: found {self._dataset.count} bands, expected {max(self.bands)}")
            self._offset = self._offset_to_own()
            if self._offset is None:
                self._warped = self._warp()
        except BaseException:
            self.close()
            raise

    @property
    def own_grid(self) -> Grid:
        """The file's."""
        return grid_of(self._dataset)

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """What lies in a window of the grid.

        Returns:
            (C, h, w) numbers in the file's type (float32 where they are interpolated), and (C, h, w) bool: where they
            mean something.

        Raises:
            UserError: the file is damaged there.
        """
        try:
            numbers, inside = self._shifted(window) if self._warped is None else self._from_warped(window)
        except RasterioError as error:
            raise UserError(
                f"{self.label}: found damaged pixels ({error.__cause__ or error}), expected a whole file"
            ) from error
        low, high = self.facts.valid_range
        known = inside & (numbers >= low) & (numbers <= high)  # False for NaN
        for number in self.facts.nodata:
            known &= numbers != number
        return numbers, known

    def overlap(self) -> float:
        """Share of the grid's extent that the raster's bounding box covers, 0 to 1; 1 without georeference."""
        own = self.own_bounds()
        if own is None:
            return 1.0
        left, bottom, right, top = _bounds(self.grid)
        width = min(right, own[2]) - max(left, own[0])
        height = min(top, own[3]) - max(bottom, own[1])
        return max(width, 0.0) * max(height, 0.0) / ((right - left) * (top - bottom))

    def own_bounds(self) -> tuple[float, float, float, float] | None:
        """Left, bottom, right, top of the raster in the grid's coordinates; None where one has no georeference."""
        own = self.own_grid
        if not _placed(own) or not _placed(self.grid):
            return None
        here, there = CRS.from_wkt(self.grid.crs), CRS.from_wkt(own.crs)
        if here == there:
            return _bounds(own)
        left, bottom, right, top = transform_bounds(there, here, *_bounds(own), densify_pts=21)
        return left, bottom, right, top

    def check_covers(self, slack_px: float) -> None:
        """Whether the raster covers the grid but for some pixels at its edges.

        Raises:
            UserError: it does not.
        """
        own = self.own_bounds()
        if own is None:
            return
        assert self.grid.transform is not None
        slack = slack_px * abs(self.grid.transform[0]), slack_px * abs(self.grid.transform[4])
        left, bottom, right, top = _bounds(self.grid)
        gaps = (
            (own[0] - left) / slack[0], (right - own[2]) / slack[0],
            (own[1] - bottom) / slack[1], (top - own[3]) / slack[1],
        )  # fmt: skip
        if max(gaps) > 1 + _TOLERANCE or self.overlap() == 0:
            raise UserError(
                f"{self.label}: found a raster of {describe(self.own_grid)}, expected one that covers {describe(self.grid)}"
            )

    def close(self) -> None:
        """Close the file."""
        for dataset in (self._warped, self._dataset):
            if dataset is not None:
                dataset.close()

    def __enter__(self) -> "AlignedRaster":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _offset_to_own(self) -> tuple[int, int] | None:
        """Rows and columns from the grid's pixels to the file's where both have the same pixels; None where not."""
        own = self.own_grid
        if not _placed(own) or not _placed(self.grid):
            if own.shape != self.grid.shape:
                raise UserError(
                    f"{self.label}: found {own.height} x {own.width} pixels without a common georeference, "
                    f"expected {self.grid.height} x {self.grid.width}"
                )
            return 0, 0
        assert own.transform is not None and self.grid.transform is not None
        if own.crs != self.grid.crs and CRS.from_wkt(own.crs) != CRS.from_wkt(self.grid.crs):
            return None
        shift = ~Affine(*own.transform) @ Affine(*self.grid.transform)
        drift = max(abs(shift.a - 1), abs(shift.e - 1), abs(shift.b), abs(shift.d)) * max(self.grid.shape)
        row, column = round(shift.f), round(shift.c)
        if max(drift, abs(shift.f - row), abs(shift.c - column)) > _TOLERANCE:
            return None
        return row, column

    def _warp(self) -> Any:
        grid, dataset = self.grid, self._dataset
        assert grid.transform is not None
        low, high = self.facts.valid_range
        # The warper leaves one number out of its interpolation, and writes it where the raster does not reach: one that
        # means nothing where there is one, else one that the file's type cannot hold.
        kind = np.dtype(dataset.dtypes[0])
        nothing = [number for number in (dataset.nodata, *self.facts.nodata) if number is not None]
        outside = [number for number in nothing if not low <= number <= high or number in self.facts.nodata]
        void = outside[0] if outside else math.nan if kind.kind == "f" else float(np.iinfo(kind).max) + 1
        interpolated = self.facts.resampling == "bilinear"
        try:
            return WarpedVRT(
                dataset,
                crs=CRS.from_wkt(grid.crs),
                transform=Affine(*grid.transform),
                width=grid.width,
                height=grid.height,
                resampling=Resampling.bilinear if interpolated else Resampling.nearest,
                dtype="float32" if interpolated else None,
                tolerance=_TOLERANCE,
                src_nodata=void,
                nodata=void,
            )
        except (RasterioError, CRSError) as error:
            raise UserError(f"{self.label}: cannot be brought onto {describe(grid)}: {error}") from error

    def _shifted(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        assert self._offset is not None
        row, column = self._offset
        wanted = Window(window.row + row, window.column + column, window.height, window.width)
        there = wanted.clip(self._dataset.height, self._dataset.width)
        numbers = np.zeros((len(self.bands), window.height, window.width), self._dataset.dtypes[0])
        inside = np.zeros(numbers.shape, bool)
        if there.height and there.width:
            rows, columns = there.inside(wanted)
            area = RasterioWindow(there.column, there.row, there.width, there.height)
            numbers[:, rows, columns] = self._dataset.read(list(self.bands), window=area)
            inside[:, rows, columns] = True
        if self.facts.resampling == "bilinear":
            numbers = numbers.astype(np.float32, copy=False)
        return numbers, inside

    def _from_warped(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        area = RasterioWindow(window.column, window.row, window.width, window.height)
        numbers = self._warped.read(list(self.bands), window=area)
        void = self._warped.nodata
        return numbers, np.isfinite(numbers) if math.isnan(void) else numbers != void


def opened(path: Path, label: str) -> Any:
    """A raster file open in rasterio; the caller closes it.

    Raises:
        UserError: it cannot be opened.
    """
    try:
        return open_dataset(str(path))
    except RasterioError as error:
        reason = str(error).replace(f"'{path}'", "it").strip().rstrip(".")
        raise UserError(f"{label}: cannot be read ({reason}), expected a raster file") from error


def grid_of(dataset: Any) -> Grid:
    """The grid of a dataset that is open in rasterio."""
    return Grid(
        dataset.height,
        dataset.width,
        dataset.crs.to_wkt() if dataset.crs else "",
        None if dataset.transform.is_identity else tuple(dataset.transform)[:6],
    )


def describe(grid: Grid) -> str:
    """Size, place and reference system, for messages."""
    if not _placed(grid):
        return f"{grid.height} x {grid.width} pixels without georeference"
    left, bottom, right, top = _bounds(grid)
    code = CRS.from_wkt(grid.crs).to_epsg()
    name = f"EPSG:{code}" if code else "its own reference system"
    return f"x {left:.10g} to {right:.10g}, y {bottom:.10g} to {top:.10g} in {name}"


def _placed(grid: Grid) -> bool:
    return bool(grid.crs and grid.transform)


def _bounds(grid: Grid) -> tuple[float, float, float, float]:
    assert grid.transform is not None
    left, bottom, right, top = array_bounds(grid.height, grid.width, Affine(*grid.transform))
    return left, bottom, right, top

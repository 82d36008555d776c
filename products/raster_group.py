"""The bands of one grid of a product, each in a raster file of its own or beside others in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from errors import UserError
from products.grid import Grid
from products.raster import RasterFile, read_info
from products.raster_header import RasterInfo
from products.window import Window

if TYPE_CHECKING:
    from products.sensor import Sensor


@dataclass(frozen=True)
class BandFile:
    """Where a band is.

    Attributes:
        path: a file, or a path of GDAL into an archive.
        number: of the band in the file, from 1 on.
    """

    path: str
    number: int = 1


class RasterGroup:
    """The bands of one grid, read by window; can be pickled, files open on first use.

    Args:
        files: of each band by name, in the order in which they are read.
        sensor: gives the type of the pixels, and what stands for no data.
        headers: of the files by path, where they have been read before.

    Raises:
        UserError: a file cannot be read, has no such band or a type that does not fit, or lies on another grid.
    """

    def __init__(
        self, files: Mapping[str, BandFile], sensor: "Sensor", headers: Mapping[str, RasterInfo] | None = None
    ) -> None:
        known = dict(headers or {})
        for place in files.values():
            known.setdefault(place.path, read_info(place.path))
        self.dtype, self.nodata = np.dtype(sensor.dtype), sensor.nodata
        for name, place in files.items():
            _check_band(name, place, known[place.path], self.dtype)
        first_name, first = next(iter(files.items()))
        self.grid = _grid(known[first.path])
        for name, place in files.items():
            _check_grid(name, place.path, _grid(known[place.path]), first_name, self.grid)
        # Neighbours in one file are read together.
        self.parts: list[RasterFile] = []
        runs: list[tuple[str, list[int]]] = []
        for place in files.values():
            if runs and runs[-1][0] == place.path:
                runs[-1][1].append(place.number)
            else:
                runs.append((place.path, [place.number]))
        self.parts = [RasterFile.of(known[path].select(tuple(numbers))) for path, numbers in runs]

    def read(self, window: Window) -> np.ndarray:
        """Stored digital numbers (C, h, w) in the sensor's type.

        What a file marks as no data by a number of its own, or NaN, becomes the sensor's nodata.

        Raises:
            UserError: the pixels cannot be decoded.
        """
        pixels: list[np.ndarray] = []
        for part in self.parts:
            stored = part.read(window)
            nodata = part.info.nodata
            void = np.isnan(stored) if stored.dtype.kind == "f" else np.zeros(0, bool)
            if nodata is not None and not np.isnan(nodata) and nodata != self.nodata:
                void = (stored == nodata) | void if void.size else stored == nodata
            if void.any():
                stored = np.where(void, self.dtype.type(self.nodata), stored)
            pixels.append(stored.astype(self.dtype, copy=False))
        return pixels[0] if len(pixels) == 1 else np.concatenate(pixels)


def raster_groups(files: Mapping[str, BandFile], sensor: "Sensor") -> dict[int, RasterGroup]:
    """The groups of a sensor of whose bands the files are known, by ground sample distance, finest first.

    Raises:
        UserError: as `RasterGroup`.
    """
    headers: dict[str, RasterInfo] = {}
    groups = {}
    for distance in sensor.ground_sample_distances_m:
        names = [band.name for band in sensor.group(distance) if band.name in files]
        for name in names:
            headers.setdefault(files[name].path, read_info(files[name].path))
        if names:
            groups[distance] = RasterGroup({name: files[name] for name in names}, sensor, headers)
    return groups


def _grid(info: RasterInfo) -> Grid:
    return Grid(info.height, info.width, info.crs or "", info.transform)


def _check_band(name: str, place: BandFile, info: RasterInfo, dtype: np.dtype) -> None:
    numbers: Sequence[int] = (*info.indexes, info.alpha) if info.alpha is not None else info.indexes
    if place.number not in numbers:
        raise UserError(f"{place.path}: found {len(numbers)} bands, expected {name} as number {place.number}")
    if not np.can_cast(info.dtype, dtype):
        raise UserError(f"{place.path}: found pixels of type {info.dtype}, expected {dtype} ({name})")


def _check_grid(name: str, path: str, grid: Grid, first_name: str, first: Grid) -> None:
    if grid.shape != first.shape:
        raise UserError(
            f"{path}: found {name} with {grid.height} x {grid.width} pixels, "
            f"expected {first.height} x {first.width} as of {first_name}"
        )
    same = grid.transform == first.transform or (
        grid.transform is not None
        and first.transform is not None
        and np.allclose(grid.transform, first.transform, rtol=1e-9)
    )
    if grid.crs != first.crs or not same:
        raise UserError(f"{path}: found {name} on another grid than {first_name}, expected one grid for both")

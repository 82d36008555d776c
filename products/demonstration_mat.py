"""Crops in the layout of DSen2's demonstration data: MATLAB v7.3 files (HDF5) with `im10`, `im20`, `im60`.

Each array is (bands, x, y), as MATLAB stores columns first, without georeference. Source: DSen2 (lanha/DSen2), data/.
"""

import os
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errors import UserError
from products.grid import Grid
from products.product import Product
from products.sensor import Sensor
from products.window import Window

ARRAY = re.compile(r"im(\d+)")


class DemonstrationMat(Product):
    """An opened file; see `DemonstrationMatReader`."""

    def __init__(self, path: Path, sensor: Sensor, grids: dict[int, Grid]) -> None:
        super().__init__(path, path.stem, sensor, grids)
        self._file: Any = None
        self._process = -1

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """See `Product.read`; fractions are rounded, NaN becomes nodata."""
        if self._process != os.getpid():  # a handle of HDF5 does not cross into a forked process
            self._file, self._process = h5py.File(self.path, "r"), os.getpid()
        try:
            array = self._file[f"im{ground_sample_distance_m}"]
            pixels = array[:, window.column : window.right, window.row : window.bottom]
        except OSError as error:
            raise UserError(f"{self.path} is corrupt: its pixels cannot be read ({error})") from error
        return _stored(np.ascontiguousarray(pixels.transpose(0, 2, 1)), self.sensor)

    def close(self) -> None:
        """See `Product.close`."""
        if self._file is not None and self._process == os.getpid():
            self._file.close()
        self._file, self._process = None, -1

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None, "_process": -1}


class DemonstrationMatReader:
    """HDF5 files with one array (bands, x, y) for each grid, named `im` and its ground sample distance in metres.

    The bands are those of the sensor's group, in its order. Grids may be missing, but the finest.
    """

    kind = "a MATLAB v7.3 file with im10, im20, ... (DSen2's demonstration data)"

    def recognises(self, path: Path) -> bool:
        """See `Reader`."""
        if not path.is_file() or not h5py.is_hdf5(path):
            return False
        try:
            with h5py.File(path, "r") as file:
                return any(ARRAY.fullmatch(name) for name in file)
        except OSError:  # truncated: some other reader may have a better sentence
            return path.suffix.lower() == ".mat"

    def open(self, path: Path, sensor: Sensor) -> Product:
        """See `Reader`."""
        try:
            with h5py.File(path, "r") as file:
                found = {int(match[1]): file[name] for name in file if (match := ARRAY.fullmatch(name))}
                grids = {}
                for distance in sensor.ground_sample_distances_m:
                    if distance in found:
                        grids[distance] = _grid(path, sensor, distance, found[distance])
        except OSError as error:
            raise UserError(f"{path} is corrupt: it cannot be opened as HDF5 ({error})") from error
        finest = sensor.ground_sample_distances_m[0]
        if finest not in grids:
            raise UserError(f"{path}: found {_names(found)}, expected im{finest} ({sensor.title})")
        return DemonstrationMat(path, sensor, grids)


def _grid(path: Path, sensor: Sensor, distance: int, array: Any) -> Grid:
    bands = [band.name for band in sensor.group(distance)]
    shape: tuple[int, ...] = getattr(array, "shape", ())
    if len(shape) != 3 or shape[0] != len(bands) or not np.issubdtype(array.dtype, np.number):
        raise UserError(
            f"{path}: found im{distance} of shape {list(shape)}, expected {len(bands)} bands ({', '.join(bands)}), x, y"
        )
    return Grid(shape[2], shape[1])


def _names(found: dict[int, Any]) -> str:
    return ", ".join(f"im{distance}" for distance in sorted(found)) or "no array im10, im20, ..."


def _stored(pixels: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Pixels of any type as the sensor's digital numbers."""
    dtype = np.dtype(sensor.dtype)
    if pixels.dtype == dtype or dtype.kind == "f":
        return pixels.astype(dtype, copy=False)
    numbers = pixels.astype(np.float64)
    numbers = np.where(np.isfinite(numbers), np.rint(numbers), sensor.nodata)
    limits = np.iinfo(dtype)
    return np.clip(numbers, limits.min, limits.max).astype(dtype)

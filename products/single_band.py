"""Rasters of one band whose numbers are taken as they are: masks and layers, also where they have a palette."""

from pathlib import Path

import numpy as np
from rasterio.errors import RasterioError

from errors import UserError
from products.grid import Grid
from products.raster import open_dataset
from products.raster_decoding import PNG_SIGNATURE
from products.raster_handles import BandRaster, driver_of
from products.window import Window

_HEAD_BYTES = 64
_DRIVERS = ((PNG_SIGNATURE, "PNG"), (b"<VRTDataset", "VRT"), (b"EHFA_HEADER_TAG", "HFA"))


class SingleBand:
    """One band, opened on first use in each process; can be pickled.

    Args:
        path: GeoTIFF, JPEG 2000, PNG, HFA (`.img`) or VRT.
        label: what messages call it; the path where None.

    Attributes:
        grid: size and place.
        dtype: of its numbers.
        nodata: what it declares to be no data, None where nothing.

    Raises:
        UserError: there is no such file, it is no raster, or it has several bands.
    """

    def __init__(self, path: Path, label: str | None = None) -> None:
        self.path, self.label = path, label or str(path)
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
            stat = path.stat()
        except OSError as error:
            raise UserError(
                f"{self.label}: found no readable file ({error.strerror}), expected a raster"
            ) from error
        driver = driver_of(head) or next((name for start, name in _DRIVERS if head.startswith(start)), None)
        if driver is None:
            raise UserError(f"{self.label}: found no raster, expected GeoTIFF, JPEG 2000, PNG, HFA or VRT")
        self._raster = BandRaster(str(path.absolute()), self.label, driver, (stat.st_mtime_ns, stat.st_size))
        header = self._raster.header()
        self.dtype = np.dtype(header.dtype)
        if self.dtype.kind not in "uif":
            raise UserError(f"{self.label}: found numbers of type {self.dtype}, expected integers or floats")
        self.grid = Grid(header.height, header.width, header.crs, header.transform)
        try:
            with open_dataset(str(path)) as dataset:
                self.nodata: float | None = dataset.nodata
        except RasterioError as error:
            raise UserError(f"{self.label}: cannot be read ({error}), expected a raster") from error

    def read(self, window: Window) -> np.ndarray:
        """Numbers of a window inside, (h, w) in the file's type.

        Raises:
            UserError: the file is damaged there.
        """
        if window.clip(*self.grid.shape) != window:
            raise ValueError(f"the window {window} reaches out of {self.label}, {self.grid.shape}")
        numbers = np.empty((window.height, window.width), self.dtype)
        if numbers.size:
            self._raster.read(window, numbers)
        return numbers

    def close(self) -> None:
        """Close the file in this thread; reading opens it again."""
        self._raster.close()

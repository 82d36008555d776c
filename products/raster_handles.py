"""Single-band rasters of products, opened in GDAL on first use and read by window.

Other than `products.raster`, which takes any image file, this takes JPEG 2000 and GeoTIFF only, and also in archives:
what a stranger's product calls an image may be a document that makes GDAL open other files.
"""

import logging
import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterioWindow

from errors import UserError
from products.jpeg2000 import is_jpeg2000
from products.product import Product
from products.window import Window

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # classic and BigTIFF
GDAL_OPTIONS: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no sidecar files are looked for
    "GDAL_CACHEMAX": 512 * 2**20,  # bytes; a row of JPEG 2000 blocks of all bands of a whole scene has 140 MB
}
OPEN_HANDLES = 64  # per thread: several products of 13 bands, far below any limit on open files


def driver_of(head: bytes) -> str | None:
    """GDAL's name of the format of a file that begins like this; None where it is neither JPEG 2000 nor TIFF."""
    if is_jpeg2000(head):
        return "JP2OpenJPEG"
    return "GTiff" if head.startswith(_TIFF_MAGIC) else None


@dataclass(frozen=True)
class BandRaster:
    """One band in one file.

    Attributes:
        path: what GDAL opens.
        label: how messages call it.
        driver: GDAL's name of its format; no other is tried.
        stamp: changes when the file does (modification time and size), so that no stale handle is used.
    """

    path: str
    label: str
    driver: str
    stamp: tuple[int, int] = (0, 0)

    def header(self) -> "RasterHeader":
        """What the file says of its band.

        Raises:
            UserError: the file cannot be opened, or has other than one band.
        """
        dataset = _HANDLES.get(self)
        if dataset.count != 1:
            raise UserError(f"{self.label}: found {dataset.count} bands, expected one")
        georeferenced = not dataset.transform.is_identity
        return RasterHeader(
            height=dataset.height,
            width=dataset.width,
            dtype=dataset.dtypes[0],
            crs=dataset.crs.to_wkt() if dataset.crs else "",
            transform=tuple(dataset.transform)[:6] if georeferenced else None,
        )

    def read(self, window: Window, out: np.ndarray) -> None:
        """Read a window into `out`, (h, w) of a type that holds the file's.

        Raises:
            UserError: the file is damaged there.
        """
        dataset = _HANDLES.get(self)
        area = RasterioWindow(window.column, window.row, window.width, window.height)
        try:
            with rasterio.Env(**GDAL_OPTIONS):
                dataset.read(1, window=area, out=out)
        except RasterioError as error:
            reason = str(error.__cause__ or error).strip().rstrip(".")
            raise UserError(
                f"{self.label}: found damaged pixels ({reason}), expected a whole file"
            ) from error

    def close(self) -> None:
        """Close the file in this thread; reading opens it again."""
        _HANDLES.close(self)


@dataclass(frozen=True)
class RasterHeader:
    """Shape, type and place of a band; `crs` as WKT, "" where there is none, `transform` None where there is none."""

    height: int
    width: int
    dtype: str
    crs: str
    transform: tuple[float, ...] | None


def read_group(
    product: Product, rasters: Mapping[str, BandRaster], ground_sample_distance_m: int, window: Window
) -> np.ndarray:
    """`Product.read` where every band is a file: (C, h, w) in the sensor's type and order.

    Raises:
        ValueError: the window reaches out of the grid.
        UserError: a file is damaged there.
    """
    grid = product.grids[ground_sample_distance_m]
    if min(window) < 0 or window.bottom > grid.height or window.right > grid.width:
        raise ValueError(f"window {window} reaches out of {product.name}, {grid.height} x {grid.width}")
    bands = product.sensor.group(ground_sample_distance_m)
    pixels = np.empty((len(bands), window.height, window.width), product.sensor.dtype)
    for band, out in zip(bands, pixels, strict=True):
        if out.size:
            rasters[band.name].read(window, out)
    return pixels


class _Handles(threading.local):
    """The most recently used open files of this thread."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.open: OrderedDict[BandRaster, Any] = OrderedDict()
        self.inherited: list[Any] = []

    def get(self, raster: BandRaster) -> Any:
        self._check_process()
        if raster not in self.open:
            self.open[raster] = _open(raster)
            while len(self.open) > OPEN_HANDLES:
                self.open.popitem(last=False)[1].close()
        self.open.move_to_end(raster)
        return self.open[raster]

    def close(self, raster: BandRaster) -> None:
        self._check_process()
        if raster in self.open:
            self.open.pop(raster).close()

    def _check_process(self) -> None:
        if self.process != os.getpid():
            # A forked worker shares the file offsets of its parent: keep those handles untouched and unused.
            self.inherited.append(self.open)
            self.process, self.open = os.getpid(), OrderedDict()


_HANDLES = _Handles()
_OPENING = threading.Lock()


def _open(raster: BandRaster) -> Any:
    logging.getLogger("rasterio").setLevel(logging.WARNING)  # what it logs below is in our sentences
    try:
        # Filters of warnings belong to the process, so one thread at a time changes them.
        with _OPENING, warnings.catch_warnings(), rasterio.Env(**GDAL_OPTIONS):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(raster.path, driver=raster.driver)
    except RasterioError as error:
        reason = str(error).replace(f"'{raster.path}'", "it").strip().rstrip(".")
        raise UserError(
            f"{raster.label}: found no readable image ({reason}), expected a whole file of {raster.driver}"
        ) from error

"""Windowed reading of one raster file, whatever it is: GeoTIFF, TIFF, JPEG 2000, JPEG, PNG, BMP, WebP.

The content decides, never the suffix. GDAL (rasterio) reads; where it cannot open a file, tifffile or
Pillow decode it (`products.raster_decoding`). Nothing is opened before it is needed, handles belong to the
thread that opened them and never cross a process border, and a `RasterFile` itself can be pickled.
"""

import logging
import os
import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterioWindow

from products.raster_decoding import decode_whole, is_truncated_png
from products.raster_header import RasterInfo, UnreadableImage
from products.window import Window

# GDAL lists a file's folder when it opens it (slow beside 10,000 others), goes on after a JPEG warning with
# grey pixels, and would cache 5 % of the memory in every loader process.
GDAL_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "GDAL_ERROR_ON_LIBJPEG_WARNING": "YES",
    "GDAL_CACHEMAX": 128 * 2**20,  # bytes, which is how rasterio takes it
}
OPEN_HANDLES = 32  # per thread: far below any limit on open files
ALPHA_SAMPLE_SIDE = 64  # pixels


class RasterFile:
    """One raster file, read by windows.

    Args:
        path: the file.
        bands: 1-based bands to read, in order; None = all but alpha.

    Raises:
        UnreadableImage: the file is no image or its header is broken.
        UserError: a band is asked for that the file does not have.
    """

    def __init__(self, path: str | Path, bands: tuple[int, ...] | None = None) -> None:
        self.info = read_info(path).select(bands)

    @classmethod
    def of(cls, info: RasterInfo) -> "RasterFile":
        """The raster of a header that has been read before."""
        raster = cls.__new__(cls)
        raster.info = info
        return raster

    def read(self, window: Window | None = None) -> np.ndarray:
        """The stored pixels of a window (default: all), (C, h, w) in the file's own type."""
        return self.read_masked(window)[0]

    def valid(self, window: Window | None = None) -> np.ndarray:
        """Where a window (default: all) has data, (h, w) bool; see `read_masked`."""
        return self.read_masked(window)[1]

    def read_masked(self, window: Window | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Stored pixels (C, h, w) of a window and where they are data (h, w) bool.

        No data: alpha 0, masked by the file's mask, NaN or infinite, or nodata. Nodata 0 among integers is
        also what a dark pixel measures, so there a pixel is void only where all bands are 0; any other
        nodata value in any band voids the pixel.

        Raises:
            UnreadableImage: the pixels cannot be decoded.
            ValueError: the window does not lie within the raster.
        """
        window = window or self.info.window
        if min(window) < 0 or window.height < 1 or window.width < 1:
            raise ValueError(f"window {window} is empty or begins outside {self.info.path}")
        if window.row + window.height > self.info.height or window.column + window.width > self.info.width:
            raise ValueError(f"window {window} ends outside {self.info.path}, {self.info.shape}")
        try:
            pixels, mask = _HANDLES.get(self.info.path).read(self.info, window)
        except (RasterioError, OSError, ValueError) as error:
            raise UnreadableImage(
                f"{self.info.path} is corrupt: its pixels cannot be read ({error.__cause__ or error})"
            ) from error
        valid = np.ones(pixels.shape[1:], bool) if mask is None else mask
        if pixels.dtype.kind == "f":
            valid &= np.isfinite(pixels).all(axis=0)
        nodata = self.info.nodata
        if nodata is not None and not np.isnan(nodata):
            void = pixels == nodata
            dark_may_be_zero = nodata == 0 and pixels.dtype.kind != "f"
            valid &= ~(void.all(axis=0) if dark_may_be_zero else void.any(axis=0))
        return pixels, valid


def read_info(path: str | Path) -> RasterInfo:
    """Header of a raster file.

    Raises:
        UnreadableImage: the file is no image, its header is broken, or its samples are complex numbers.
    """
    handle = _open(str(path))
    try:
        info: RasterInfo = handle.info()
    finally:
        handle.close()
    if np.dtype(info.dtype).kind not in "uif":
        raise UnreadableImage(f"{path} holds samples of type {info.dtype}: expected integers or floats")
    return info


def open_dataset(path: str) -> Any:
    """A file open in GDAL with our options, silent about a missing georeference; the caller closes it.

    Raises:
        rasterio.errors.RasterioError: GDAL cannot open the file.
    """
    logging.getLogger("rasterio").setLevel(logging.WARNING)  # what it logs below is in our sentences
    # Filters of warnings belong to the process, so one thread at a time changes them.
    with _OPENING, warnings.catch_warnings(), rasterio.Env(**GDAL_OPTIONS):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path)


class _GdalHandle:
    """A file open in GDAL."""

    def __init__(self, path: str, dataset: Any) -> None:
        self.path = path
        self.dataset = dataset
        self.palette: np.ndarray | None = None

    def close(self) -> None:
        self.dataset.close()

    def info(self) -> RasterInfo:
        dataset = self.dataset
        colours = dataset.colorinterp
        palette = dataset.count == 1 and colours[0] == ColorInterp.palette
        alpha = next((i for i, colour in enumerate(colours, 1) if colour == ColorInterp.alpha), None)
        if alpha is not None and not self._is_mask(alpha):
            alpha = None
        indexes = (1, 2, 3) if palette else tuple(i for i in dataset.indexes if i != alpha)
        flags = dataset.mask_flag_enums[0]
        bits = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
        georeferenced = not dataset.transform.is_identity
        return RasterInfo(
            path=self.path,
            driver=dataset.driver,
            height=dataset.height,
            width=dataset.width,
            dtype="uint8" if palette else dataset.dtypes[indexes[0] - 1],
            indexes=indexes,
            band_names=self._names(indexes, palette),
            nodata=None if palette else dataset.nodata,
            alpha=alpha,
            palette=palette,
            has_mask=MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags,
            bits_per_sample=None if bits is None or palette else int(bits),
            crs=dataset.crs.to_wkt() if dataset.crs else None,
            transform=tuple(dataset.transform)[:6] if georeferenced else None,
        )

    def read(self, info: RasterInfo, window: Window) -> tuple[np.ndarray, np.ndarray | None]:
        area = RasterioWindow(window.column, window.row, window.width, window.height)
        with rasterio.Env(**GDAL_OPTIONS):
            if info.palette:
                colours = self._colours()[self.dataset.read(1, window=area)]
                pixels = np.ascontiguousarray(np.moveaxis(colours, -1, 0))
                chosen = pixels[[index - 1 for index in info.indexes]]
                return chosen, (pixels[3] > 0 if (pixels[3] == 0).any() else None)
            pixels = self.dataset.read(list(info.indexes), window=area)
            if info.alpha is not None:
                return pixels, self.dataset.read(info.alpha, window=area) > 0
            if info.has_mask:
                return pixels, self.dataset.read_masks(1, window=area) > 0
            return pixels, None

    def _names(self, indexes: tuple[int, ...], palette: bool) -> tuple[str, ...]:
        rgb = ("red", "green", "blue")
        if palette:
            return rgb
        described = [self.dataset.descriptions[index - 1] for index in indexes]
        if all(described) and len(set(described)) == len(described):
            return tuple(described)
        if tuple(self.dataset.colorinterp[index - 1].name for index in indexes) == rgb:
            return rgb
        return tuple(f"band_{index}" for index in indexes)

    def _colours(self) -> np.ndarray:
        if self.palette is None:
            self.palette = np.zeros((256, 4), np.uint8)
            for number, colour in self.dataset.colormap(1).items():
                self.palette[number] = colour
        return self.palette

    def _is_mask(self, band: int) -> bool:
        # Writers of TIFF (GDAL's default among them) call the fourth of four 8-bit bands alpha even when it
        # is near infrared. An alpha that says where there are data holds only 0 and 255.
        if self.dataset.driver not in ("GTiff", "COG"):
            return True
        height, width = self.dataset.height, self.dataset.width
        side = ALPHA_SAMPLE_SIDE
        places = [(0, 0), (height - side, width - side), ((height - side) // 2, (width - side) // 2)]
        for row, column in places:
            area = RasterioWindow(max(column, 0), max(row, 0), min(side, width), min(side, height))
            try:
                sample = self.dataset.read(band, window=area)
            except RasterioError:
                return True  # a broken file is reported when its pixels are read
            if not np.isin(sample, (0, np.iinfo(sample.dtype).max)).all():
                return False
        return True


class _DecodedHandle:
    """A file that GDAL cannot open, decoded as a whole."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.decoder, self.pixels, self.mask, self.colour = decode_whole(path)

    def close(self) -> None:
        """Nothing is open."""

    def info(self) -> RasterInfo:
        bands, height, width = self.pixels.shape
        names = tuple(f"band_{number}" for number in range(1, bands + 1))
        return RasterInfo(
            path=self.path,
            driver=self.decoder,
            height=height,
            width=width,
            dtype=str(self.pixels.dtype),
            indexes=tuple(range(1, bands + 1)),
            band_names=("red", "green", "blue") if self.colour else names,
            has_mask=self.mask is not None,
        )

    def read(self, info: RasterInfo, window: Window) -> tuple[np.ndarray, np.ndarray | None]:
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        pixels = self.pixels[[index - 1 for index in info.indexes], rows, columns]
        return pixels, None if self.mask is None else self.mask[rows, columns].copy()


class _Handles(threading.local):
    """The most recently used open files of this thread."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.open: OrderedDict[str, Any] = OrderedDict()
        self.inherited: list[Any] = []

    def get(self, path: str) -> Any:
        if self.process != os.getpid():
            # A forked worker shares the file offsets of its parent: keep those handles untouched and unused.
            self.inherited.append(self.open)
            self.process, self.open = os.getpid(), OrderedDict()
        if path not in self.open:
            self.open[path] = _open(path)
            while len(self.open) > OPEN_HANDLES:
                self.open.popitem(last=False)[1].close()
        self.open.move_to_end(path)
        return self.open[path]


_HANDLES = _Handles()
_OPENING = threading.Lock()


def _open(path: str) -> Any:
    try:
        if is_truncated_png(path):  # GDAL would fill the missing rows with zeros and say nothing
            raise UnreadableImage(f"{path} is corrupt: the end of the PNG file is missing")
    except OSError as error:
        raise UnreadableImage(f"cannot open {path}: {error.strerror}") from error
    try:
        dataset = open_dataset(path)
    except RasterioError as error:
        try:
            return _DecodedHandle(path)
        except (OSError, ValueError) as second:
            reason = error if str(path) in str(error) else f"{path}: {error}"
            raise UnreadableImage(f"cannot read an image: {reason} ({second})") from error
    if dataset.count == 0:
        dataset.close()
        raise UnreadableImage(f"{path} is a container of {dataset.driver} without pixels of its own")
    return _GdalHandle(path, dataset)

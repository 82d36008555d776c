"""Where a scene is written to, window by window: an array, or a tiled GeoTIFF that appears when it is whole."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import Affine

from errors import UserError
from inference.sources import RasterMetadata
from products.window import Window

_LARGEST_BLOCK = 512  # pixels a side


class Sink(Protocol):
    """Anything that takes windows of a scene of shape (C, H, W)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""

    def write(self, window: Window, array: np.ndarray) -> None:
        """Put (C, window.height, window.width) cells in their place."""


class ArraySink:
    """A scene in memory."""

    def __init__(self, shape: tuple[int, int, int], dtype: str) -> None:
        self.array = np.zeros(shape, dtype)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        bands, height, width = self.array.shape
        return bands, height, width

    def write(self, window: Window, array: np.ndarray) -> None:
        """Put the cells in their place."""
        rows, columns = window.inside(Window(0, 0, *self.array.shape[1:]))
        self.array[:, rows, columns] = array


class TemporaryFile:
    """A file written beside its final place, which it takes when all went well and not otherwise.

    A context manager that gives the temporary path; any exception, Ctrl-C included, removes the file.

    Raises:
        UserError: the folder cannot be made.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        if self.path.is_dir():
            raise UserError(f"{self.path} is a folder; expected the name of a file to write")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.path.parent} cannot be made to hold {self.path.name}: {error}") from error

    def __enter__(self) -> Path:
        return self.temporary

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.temporary.replace(self.path)
        else:
            self.temporary.unlink(missing_ok=True)


class RasterSink:
    """A tiled, losslessly compressed GeoTIFF (BigTIFF when it may pass 4 GB); a context manager.

    Args:
        path: where the file shall be once it is whole.
        shape: bands, rows, columns.
        metadata: type, nodata, georeference, band names and tags to write.
        tile_size: size in pixels of the windows that will be written, a multiple of 16; the file's own
            blocks divide it, so that no block is written twice.
        provenance: further tags, e.g. which model made the pixels.
        scaling: (scale, offset) of each band: physical value = scale * digital number + offset.

    Raises:
        UserError: the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        shape: tuple[int, int, int],
        metadata: RasterMetadata,
        tile_size: int,
        provenance: Mapping[str, str] | None = None,
        scaling: Sequence[tuple[float, float]] = (),
    ) -> None:
        self._shape, self._metadata, self._scaling = shape, metadata, tuple(scaling)
        self._block = math.gcd(tile_size, _LARGEST_BLOCK)
        self._provenance = dict(provenance or {})
        self._file = TemporaryFile(path)
        self._dataset: Any = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        return self._shape

    def __enter__(self) -> "RasterSink":
        metadata = self._metadata
        bands, height, width = self._shape
        predictor = 3 if np.dtype(metadata.dtype).kind == "f" else 2
        profile: dict[str, Any] = {
            "driver": "GTiff", "count": bands, "height": height, "width": width, "dtype": metadata.dtype,
            "tiled": True, "blockxsize": self._block, "blockysize": self._block, "interleave": "pixel",
            "compress": "deflate", "predictor": predictor, "bigtiff": "IF_SAFER", "alpha": "no",
        }  # fmt: skip
        transform = Affine(*metadata.transform)
        if transform != Affine.identity():
            profile["transform"] = transform
        if metadata.nodata is not None:
            profile["nodata"] = metadata.nodata
        temporary = self._file.__enter__()
        try:
            if metadata.crs:
                profile["crs"] = CRS.from_wkt(metadata.crs)
            self._dataset = rasterio.open(temporary, "w", **profile)
            self._dataset.update_tags(**metadata.tags, **self._provenance)
            for number, name in enumerate(metadata.bands, start=1):
                if name:
                    self._dataset.set_band_description(number, name)
            if self._scaling:
                self._dataset.scales, self._dataset.offsets = zip(*self._scaling, strict=True)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            if isinstance(error, RasterioError | OSError | ValueError):  # ValueError: a bad CRS or nodata
                raise UserError(f"{self._file.path} cannot be written: {error}") from error
            raise
        return self

    def write(self, window: Window, array: np.ndarray) -> None:
        """Put (C, h, w) digital numbers in their place.

        Raises:
            UserError: the disk is full or the file went away.
        """
        area = rasterio.windows.Window(window.column, window.row, window.width, window.height)
        try:
            self._dataset.write(array, window=area)
        except RasterioError as error:
            raise UserError(f"{self._file.path} cannot be written: {error}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._dataset is not None:
                self._dataset.close()
        except BaseException as closing:
            self._file.__exit__(type(closing), closing, closing.__traceback__)
            if isinstance(closing, RasterioError | OSError) and kind is None:
                raise UserError(f"{self._file.path} cannot be written: {closing}") from closing
            raise
        self._file.__exit__(kind, error, trace)

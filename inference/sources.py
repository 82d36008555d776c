"""Where a scene is read from, window by window: an array, a raster file, a scene continued past its edges."""

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import rasterio
from rasterio.errors import RasterioError, RasterioIOError

from errors import UserError
from products.window import Window


class Source(Protocol):
    """Anything that gives out windows of a scene of shape (C, H, W)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""

    def read(self, window: Window) -> np.ndarray:
        """The cells of a window inside the scene, (C, window.height, window.width)."""


class ArraySource:
    """A scene that is in memory, (C, H, W)."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        bands, height, width = self.array.shape
        return bands, height, width

    def read(self, window: Window) -> np.ndarray:
        """A view of the window's cells."""
        rows, columns = window.inside(Window(0, 0, *self.array.shape[1:]))
        return self.array[:, rows, columns]


@dataclass(frozen=True)
class RasterMetadata:
    """What a georeferenced raster says about its pixels, apart from the pixels.

    Attributes:
        dtype: numpy name of the pixel type.
        nodata: the digital number of pixels without data (NaN allowed), None where not declared.
        crs: coordinate reference system as WKT, "" where there is none.
        transform: six coefficients of the affine map (column, row) -> map coordinates, row by row.
        bands: band names, "" for a band without one.
        tags: the file's own text tags.
    """

    dtype: str
    nodata: float | None = None
    crs: str = ""
    transform: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    bands: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)


class RasterSource:
    """A raster file of any format that GDAL reads; a context manager that closes it.

    Raises:
        UserError: the file is missing, is not a raster, or its bands differ in type or nodata.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            found = "a folder" if self.path.is_dir() else "no such file"
            raise UserError(f"{self.path}: found {found}, expected a raster file")
        try:
            self._dataset = rasterio.open(self.path)
        except RasterioError as error:
            raise UserError(f"{self.path} is not a raster that can be read: {error}") from error
        nodata = {str(value) for value in self._dataset.nodatavals}
        if len(set(self._dataset.dtypes)) > 1 or len(nodata) > 1:
            found = ", ".join(sorted({*self._dataset.dtypes, *nodata}))
            self._dataset.close()
            raise UserError(
                f"{self.path}: its bands differ in type or nodata ({found}); expected one of each"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns."""
        return self._dataset.count, self._dataset.height, self._dataset.width

    @property
    def metadata(self) -> RasterMetadata:
        """Type, nodata, georeference, band names and tags of the file."""
        dataset = self._dataset
        return RasterMetadata(
            dtype=dataset.dtypes[0],
            nodata=dataset.nodata,
            crs=dataset.crs.to_wkt() if dataset.crs else "",
            transform=tuple(dataset.transform)[:6],
            bands=tuple(name or "" for name in dataset.descriptions),
            tags={str(key): str(value) for key, value in dataset.tags().items()},
        )

    def read(self, window: Window) -> np.ndarray:
        """Digital numbers of the window, (C, h, w), in the file's own type.

        Raises:
            UserError: the file is damaged there.
        """
        area = rasterio.windows.Window(window.column, window.row, window.width, window.height)
        try:
            return self._dataset.read(window=area)
        except RasterioIOError as error:
            raise UserError(
                f"{self.path} cannot be read at row {window.row}, column {window.column}: {error}"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def __enter__(self) -> "RasterSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PaddedSource:
    """A scene continued downwards and to the right until its sides are multiples of `multiple`.

    Args:
        source: the scene.
        multiple: in cells.
        mode: how it goes on, one of numpy's padding modes: `"edge"` repeats the last cell (cheap to
            code), `"reflect"` mirrors the scene (natural statistics).
    """

    def __init__(self, source: Source, multiple: int, mode: str = "edge") -> None:
        self.source, self.mode = source, mode
        bands, height, width = source.shape
        self._shape = bands, -(-height // multiple) * multiple, -(-width // multiple) * multiple

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, rows, columns, padding included."""
        return self._shape

    def read(self, window: Window) -> np.ndarray:
        """The window's cells, the continued ones included."""
        _, height, width = self.source.shape
        below, beside = max(0, window.bottom - height), max(0, window.right - width)
        if not below and not beside:
            return self.source.read(window)
        # What is mirrored must be read too, and a window may lie in the padding alone.
        reach = 0 if self.mode == "edge" else 1
        row = max(0, min(window.row, height - 1 - reach * below))
        column = max(0, min(window.column, width - 1 - reach * beside))
        inner = Window(row, column, min(window.bottom, height) - row, min(window.right, width) - column)
        options: dict[str, Any] = {"mode": self.mode}
        padded = np.pad(self.source.read(inner), ((0, 0), (0, below), (0, beside)), **options)
        return padded[:, window.row - row :, window.column - column :]

"""Writing of maps of classes: one band of uint8 with a palette, 255 where nothing is known."""

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine

from errors import UserError
from products.class_table import IGNORE, ClassTable
from products.grid import Grid
from products.window import Window

Palette = Mapping[int, tuple[int, ...]]
_BLOCK = 256  # pixels a side
CLASSES_TAG = "NADIR_CLASSES"  # names of the classes in the order of their indices, separated by commas


class ClassRasterWriter:
    """A tiled, compressed GeoTIFF that takes windows in any order and appears when it is whole; a context manager.

    Pixels that are never written are 255. Any exception, Ctrl-C included, leaves what was there before.

    Args:
        path: where the file shall be.
        grid: its size and place.
        classes: gives palette and names.
        tags: text metadata.
        palette: colours by number where they are not the classes', e.g. of maps of differences.
        cog: a Cloud-Optimised GeoTIFF, with overviews by nearest neighbour.

    Raises:
        UserError: the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        grid: Grid,
        classes: ClassTable,
        tags: Mapping[str, str] | None = None,
        *,
        palette: Palette | None = None,
        cog: bool = False,
    ) -> None:
        self.path, self.grid, self.cog = Path(path), grid, cog
        self.palette = dict(classes.palette() if palette is None else palette)
        self.tags = {CLASSES_TAG: ",".join(classes.names), **(tags or {})}
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._dataset: Any = None

    def __enter__(self) -> "ClassRasterWriter":
        grid = self.grid
        profile: dict[str, Any] = {
            "driver": "GTiff", "count": 1, "height": grid.height, "width": grid.width, "dtype": "uint8", "nodata": IGNORE,
            "tiled": True, "blockxsize": _BLOCK, "blockysize": _BLOCK, "compress": "deflate", "bigtiff": "IF_SAFER",
        }  # fmt: skip
        if grid.transform is not None:
            profile["transform"] = Affine(*grid.transform)
        if grid.crs:
            profile["crs"] = grid.crs
        try:
            if self.path.is_dir():
                raise IsADirectoryError("it is a folder")
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                self._dataset = rasterio.open(self._temporary, "w", **profile)
            self._dataset.write_colormap(1, self.palette)
            self._dataset.update_tags(**self.tags)
        except (RasterioError, OSError, ValueError) as error:
            self._abandon()
            raise self._unwritable(error) from error
        return self

    def write(self, window: Window, indices: np.ndarray) -> None:
        """Put (h, w) uint8 numbers in their place.

        Raises:
            UserError: the disk is full or the file went away.
            ValueError: another type than uint8, or a window that does not fit.
        """
        if indices.dtype != np.uint8 or indices.shape != (window.height, window.width):
            raise ValueError(f"{indices.dtype} of shape {indices.shape} for the window {window}")
        if window.clip(*self.grid.shape) != window:
            raise ValueError(f"the window {window} reaches out of {self.grid.height} x {self.grid.width}")
        area = rasterio.windows.Window(window.column, window.row, window.width, window.height)
        try:
            self._dataset.write(indices, 1, window=area)
        except RasterioError as error:
            raise self._unwritable(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abandon()
            return
        try:
            self._dataset.close()
            if self.cog:
                self._optimise()
            self._temporary.replace(self.path)
        except BaseException as closing:
            self._abandon()
            if isinstance(closing, RasterioError | OSError):
                raise self._unwritable(closing) from closing
            raise

    def _optimise(self) -> None:
        plain = self._temporary.with_name(f"{self._temporary.name}.plain")
        try:
            self._temporary.replace(plain)
            # A mean of class numbers would be another class.
            rasterio.shutil.copy(
                plain, self._temporary, driver="COG", COMPRESS="DEFLATE", BIGTIFF="IF_SAFER", RESAMPLING="NEAREST",
                OVERVIEW_RESAMPLING="NEAREST",
            )  # fmt: skip
        finally:
            plain.unlink(missing_ok=True)

    def _abandon(self) -> None:
        try:
            if self._dataset is not None:
                self._dataset.close()
        finally:
            self._temporary.unlink(missing_ok=True)

    def _unwritable(self, error: Exception) -> UserError:
        return UserError(f"{self.path} cannot be written: {error}; expected a place for a GeoTIFF")


def write_classes(
    path: str | Path,
    mask: np.ndarray | Iterable[tuple[Window, np.ndarray]],
    grid: Grid,
    classes: ClassTable,
    tags: Mapping[str, str] | None = None,
    *,
    palette: Palette | None = None,
    cog: bool = False,
) -> Path:
    """Write a map of classes as a GeoTIFF; see `ClassRasterWriter`.

    Args:
        path: where the file shall be.
        mask: (H, W) uint8 class indices, 255 where nothing is known, or windows of it with their indices.
        grid: its size and place.
        classes: gives palette and names.
        tags: text metadata.
        palette: colours by number where they are not the classes'.
        cog: a Cloud-Optimised GeoTIFF.

    Returns:
        The path.

    Raises:
        UserError: the file cannot be written.
    """
    with ClassRasterWriter(path, grid, classes, tags, palette=palette, cog=cog) as writer:
        if isinstance(mask, np.ndarray):
            writer.write(Window(0, 0, *grid.shape), mask)
        else:
            for window, indices in mask:
                writer.write(window, indices)
    return Path(path)

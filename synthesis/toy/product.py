"""What a toy product on disk gives, and the checks that its readers share."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errors import UserError

Window = tuple[int, int, int, int]  # row, column, height, width in pixels

_FEATURES = ("width", "height", "nbands", "horizon", "ndigit", "nframes")


class Product(ABC):
    """A product on disk, read frame by frame.

    Attributes:
        folder: of the product.
        features: of `index.json`.
        frame_indices: the frames that exist, ascending.
    """

    def __init__(self, folder: Path, features: dict[str, int], frame_indices: list[int]) -> None:
        self.folder = folder
        self.features = features
        self.frame_indices = frame_indices

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, bands of a frame."""
        return self.features["height"], self.features["width"], self.features["nbands"]

    @property
    def horizon(self) -> int:
        """Frames of the series, those left out included."""
        return self.features["horizon"]

    @property
    def num_cells(self) -> int:
        """Cells of the scene; the largest number of an annotation."""
        return self.features["ndigit"]

    @abstractmethod
    def frame(self, index: int, window: Window | None = None) -> np.ndarray:
        """Pixels (h, w, B), float64 (published) or float32 (compact), NaN where there is no data; all of the
        frame without a window.

        Raises:
            KeyError: the product has no such frame.
            UserError: its file is missing, damaged or of another shape than the index says.
        """

    @abstractmethod
    def annotation(self, index: int, window: Window | None = None) -> np.ndarray:
        """Cell number and class (h, w, 2) int16, 0 = background; all of the frame without a window.

        Raises:
            KeyError, UserError: as `frame`.
        """

    def require(self, index: int) -> None:
        """Raise KeyError where the product has no frame of this number."""
        if index not in self.frame_indices:
            raise KeyError(index)


def checked_features(path: Path, features: Any) -> dict[str, int]:
    """The `features` of the index at `path`.

    Raises:
        UserError: one of them is absent or no whole number of at least 0.
    """
    if not isinstance(features, Mapping):
        raise UserError(f"{path}: 'features' is {features!r}, expected the sizes of a toy product")
    for name in _FEATURES:
        value = features.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise UserError(f"{path}: features.{name} is {value!r}, expected a whole number of at least 0")
    return dict(features)


def file_inside(folder: Path, name: Any, index: Path) -> Path:
    """The file that an index names, relative to the folder of its product.

    Raises:
        UserError: it is no relative path, or leads out of the folder.
    """
    if not isinstance(name, str) or not name:
        raise UserError(f"{index} names {name!r} as a file: expected a path relative to {folder}")
    normal = Path(os.path.normpath(name))  # by its letters alone: a folder may hold links
    if normal.is_absolute() or normal.parts[:1] == (os.pardir,):
        raise UserError(f"{index} names the file {name}: expected a path inside of {folder}")
    return folder / normal


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file of a product, for reading.

    Raises:
        UserError: it is missing, no HDF5 file, or truncated.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist: expected the file that the product's index names")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}): expected an HDF5 file of a toy product") from error
    with file:
        yield file


def dataset(file: h5py.File, name: str, shape: tuple[int, ...], kinds: str) -> h5py.Dataset:
    """A dataset of a product's file.

    Args:
        file: where it is.
        name: of the dataset.
        shape: it must have.
        kinds: of numpy types it may have, such as `f` and `iu`.

    Raises:
        UserError: it is absent, of another shape, or of another kind.
    """
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        raise UserError(f"{file.filename} has no dataset '{name}': expected a file of a toy product")
    if found.shape != shape:
        raise UserError(
            f"{file.filename}: '{name}' has the shape {found.shape}, expected {shape} by the product's index"
        )
    if found.dtype.kind not in kinds:
        raise UserError(f"{file.filename}: '{name}' holds {found.dtype}, expected numbers of a toy product")
    return found


def slices(window: Window | None) -> tuple[slice, slice]:
    """Rows and columns of a window."""
    if window is None:
        return slice(None), slice(None)
    row, column, height, width = window
    return slice(row, row + height), slice(column, column + width)

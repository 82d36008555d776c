"""HDF5 and netCDF-4 files, by h5py."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errors import UserError
from products.swath_file import Field, SwathFile
from products.window import Window


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does."""
    return path.is_file() and bool(h5py.is_hdf5(path))


class Hdf5File(SwathFile):
    """An HDF5 or netCDF-4 file; its fields are named by their path.

    Raises:
        UserError: the file is cut off or damaged.
    """

    def _contents(self) -> tuple[dict[str, Field], dict[str, Any]]:
        fields: dict[str, Field] = {}
        attributes: dict[str, Any] = {}

        def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
            if not isinstance(item, h5py.Dataset):
                return
            if item.ndim == 0 and name.rsplit("/", 1)[-1].startswith("StructMetadata"):
                attributes[name.rsplit("/", 1)[-1]] = _plain(item[()])
            fields[name] = Field(name, item.shape, item.dtype.name, _attributes(item))

        opened = self._opened()
        try:
            opened.visititems(visit)
            return fields, _attributes(opened) | attributes
        except (OSError, RuntimeError, KeyError) as error:
            raise _damaged(self.path, error) from error

    def _read(self, name: str, window: Window) -> np.ndarray:
        opened = self._opened()
        try:
            rows, columns = slice(window.row, window.bottom), slice(window.column, window.right)
            pixels: np.ndarray = opened[name][rows, columns]
        except (OSError, RuntimeError, KeyError) as error:
            raise _damaged(self.path, error, name) from error
        return pixels

    def _opened(self) -> h5py.File:
        if self._handle is None:
            try:
                self._handle = h5py.File(self.path, "r")
            except OSError as error:
                raise _damaged(self.path, error) from error
        return self._handle

    def _release(self, handle: h5py.File) -> None:
        handle.close()


def _attributes(item: h5py.Dataset | h5py.File) -> dict[str, Any]:
    """Texts and numbers; references to other objects (dimension scales) are left out."""
    kept = {}
    for name in item.attrs:
        value = _plain(item.attrs[name])
        if isinstance(value, (str, int, float, list)):
            kept[name] = value
    return kept


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        return value.item() if value.size == 1 else value.tolist()
    if isinstance(value, np.ndarray) and value.size == 1:
        return _plain(value.reshape(-1)[0])
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value


def _damaged(path: Path, error: Exception, name: str = "") -> UserError:
    part = f" in '{name}'" if name else ""
    reason = " ".join(str(error).split())
    return UserError(f"{path}: found a damaged HDF5 file{part} ({reason}), expected a whole one")

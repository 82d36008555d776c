"""An HDF file seen as named two-dimensional fields, read by window, with one open handle in each process."""

import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from products.window import Window


@dataclass(frozen=True)
class Field:
    """A data set of a file.

    Attributes:
        name: what the file calls it; a path of groups in HDF5.
        shape: its sizes.
        dtype: numpy name of its cells; "" where numpy has none.
        attributes: numbers, texts and lists of numbers.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class SwathFile(ABC):
    """An HDF file. Pickles without its handle.

    Args:
        path: the file.

    Attributes:
        fields: data sets by name, as they were when the file was opened first.
        attributes: of the file: texts and numbers.

    Raises:
        UserError: it is no such file, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: Any = None
        _OPEN.add(self)
        with _LOCK:
            self.fields, self.attributes = self._contents()

    def read(self, name: str, window: Window) -> np.ndarray:
        """The cells of a two-dimensional field inside `window`, (h, w) in the field's own type.

        Raises:
            UserError: the file is damaged there.
            ValueError: the window is not inside of the field.
        """
        field = self.fields[name]
        if window.row < 0 or window.column < 0 or window.clip(*field.shape) != window:
            raise ValueError(f"{window} is not inside of '{name}' with {field.shape} cells")
        if window.height == 0 or window.width == 0:
            return np.empty((window.height, window.width), field.dtype)
        with _LOCK:
            return self._read(name, window)

    @abstractmethod
    def _contents(self) -> tuple[dict[str, Field], dict[str, Any]]:
        """Fields and attributes of the file."""

    @abstractmethod
    def _read(self, name: str, window: Window) -> np.ndarray:
        """What `read` returns, of a window that is inside and not empty."""

    @abstractmethod
    def _release(self, handle: Any) -> None:
        """Close an open handle."""

    def close(self) -> None:
        """Close the handle of this process; reading opens it again."""
        with _LOCK:
            if self._handle is not None:
                handle, self._handle = self._handle, None
                self._release(handle)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_handle": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _OPEN.add(self)


_OPEN: "weakref.WeakSet[SwathFile]" = weakref.WeakSet()
_LOCK = threading.RLock()  # the HDF4 library knows no threads, and HDF5 serves one at a time


def _before_fork() -> None:
    _LOCK.acquire()  # so that no thread opens a file, or holds the lock, at the moment of forking
    for file in list(_OPEN):
        file.close()


# A forked process would share the position in the file with its parent, so that each reads the other's bytes.
os.register_at_fork(before=_before_fork, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)

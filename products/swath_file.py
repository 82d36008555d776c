"""An HDF file seen as named two-dimensional fields, read by window, with one open handle in each process."""

import os
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
        self.fields, self.attributes = self._contents()

    @abstractmethod
    def _contents(self) -> tuple[dict[str, Field], dict[str, Any]]:
        """Fields and attributes of the file."""

    @abstractmethod
    def read(self, name: str, window: Window) -> np.ndarray:
        """The cells of a two-dimensional field inside `window`, (h, w) in the field's own type.

        Raises:
            UserError: the file is damaged there.
        """

    def _check(self, name: str, window: Window) -> None:
        """Windows beyond a field are a mistake of the caller, and not of the file."""
        if window.row < 0 or window.column < 0 or window.clip(*self.fields[name].shape) != window:
            raise ValueError(f"{window} is not inside of '{name}' with {self.fields[name].shape} cells")

    @abstractmethod
    def _release(self, handle: Any) -> None:
        """Close an open handle."""

    def close(self) -> None:
        """Close the handle of this process; reading opens it again."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            self._release(handle)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_handle": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _OPEN.add(self)


_OPEN: "weakref.WeakSet[SwathFile]" = weakref.WeakSet()


def _close_all() -> None:
    for file in list(_OPEN):
        file.close()


# A forked process would share the position in the file with its parent, so that each reads the other's bytes.
os.register_at_fork(before=_close_all)

"""HDF4 files, by pyhdf, which is an extra."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from products.swath_file import Field, SwathFile
from products.window import Window

MAGIC = b"\x0e\x03\x13\x01"
# Number types of the HDF4 specification (DFNT_*).
_TYPES = {
    5: "float32", 6: "float64", 20: "int8", 21: "uint8", 22: "int16", 23: "uint16", 24: "int32", 25: "uint32",
}  # fmt: skip


def is_hdf4(path: Path) -> bool:
    """Whether a file begins as HDF4 does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class Hdf4File(SwathFile):
    """An HDF4 file.

    Raises:
        UserError: pyhdf is not installed, or the file is cut off or damaged.
    """

    def _contents(self) -> tuple[dict[str, Field], dict[str, Any]]:
        _check_length(self.path)
        opened = self._opened()
        try:
            fields = {}
            for name in opened.datasets():
                selected = opened.select(name)
                _, _, sizes, kind, _ = selected.info()
                shape = tuple(sizes) if isinstance(sizes, (list, tuple)) else (sizes,)
                fields[name] = Field(name, shape, _TYPES.get(kind, ""), dict(selected.attributes()))
                selected.endaccess()
            return fields, dict(opened.attributes())
        except _error() as error:
            raise _damaged(self.path, error) from error

    def _read(self, name: str, window: Window) -> np.ndarray:
        opened = self._opened()
        try:
            selected = opened.select(name)
            pixels = selected.get(start=window[:2], count=window[2:])
            selected.endaccess()
        except (_error(), ValueError) as error:
            raise _damaged(self.path, error, name) from error
        return np.asarray(pixels).reshape(window.height, window.width)

    def _opened(self) -> Any:
        if self._handle is None:
            science = _pyhdf(self.path)
            try:
                self._handle = science.SD(str(self.path), science.SDC.READ)
            except _error() as error:
                raise _damaged(self.path, error) from error
        return self._handle

    def _release(self, handle: Any) -> None:
        handle.end()


def _pyhdf(path: Path) -> Any:
    try:
        import pyhdf.SD
    except ImportError as error:
        raise UserError(
            f"{path}: found an HDF4 file, which needs pyhdf ({error}); expected the extra that brings it: "
            "uv sync --extra products"
        ) from error
    return pyhdf.SD


def _error() -> type[Exception]:
    from pyhdf.error import HDF4Error

    kind: type[Exception] = HDF4Error
    return kind


def _damaged(path: Path, error: Exception, name: str = "") -> UserError:
    part = f" in '{name}'" if name else ""
    return UserError(f"{path}: found a damaged HDF4 file{part} ({error}), expected a whole one")


def _check_length(path: Path) -> None:
    """Nothing that the file's directory names lies beyond its end (HDF4 specification, data descriptor blocks)."""
    size = path.stat().st_size
    needed, block, seen = len(MAGIC), len(MAGIC), set()
    with path.open("rb") as file:
        while block and block not in seen and block + 6 <= size:
            seen.add(block)
            file.seek(block)
            count, following = struct.unpack(">HI", file.read(6))
            needed = max(needed, block + 6 + 12 * count)
            if needed > size:
                break
            for _, _, offset, length in struct.iter_unpack(">HHII", file.read(12 * count)):
                if _UNUSED not in (offset, length):
                    needed = max(needed, offset + length)
            block = following
    needed = max(needed, block + 6 if block not in seen else 0)
    if needed > size:
        raise UserError(
            f"{path}: found {size} bytes of an HDF4 file that is {needed} bytes long or longer, expected all of it"
        )


_UNUSED = 0xFFFFFFFF  # a descriptor without data

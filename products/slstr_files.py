"""The netCDF-4 files of one SEN3 product, in its folder or in a zip archive; each is opened only when it is asked for."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import h5netcdf
import h5py
import numpy as np

from errors import UserError
from products.archives import ZipTree, archive_kind
from products.file_tree import FileTree, FolderTree
from products.window import Window

MANIFEST = "xfdumanifest.xml"
_DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError)


@dataclass(frozen=True)
class Stored:
    """A variable as it is stored.

    Attributes:
        values: not scaled.
        attributes: texts, numbers and arrays.
        shape: of the whole variable.
    """

    values: np.ndarray
    attributes: dict[str, Any]
    shape: tuple[int, ...]


def decoded(stored: Stored, dtype: type[np.floating]) -> np.ndarray:
    """Values scaled by `scale_factor` and `add_offset`, NaN where they are `_FillValue`; `dtype` of any precision."""
    values = stored.values.astype(dtype)
    scale, offset = (_number(stored.attributes.get(name)) for name in ("scale_factor", "add_offset"))
    if scale is not None and scale != 1:
        values *= dtype(scale)
    if offset:
        values += dtype(offset)
    fill = _number(stored.attributes.get("_FillValue"))
    if fill is not None:
        values[stored.values == stored.values.dtype.type(fill)] = np.nan
    return values


class SlstrFiles:
    """The files of a product.

    Args:
        path: SEN3 folder, a folder or zip that holds just one, or its manifest.
        max_file_bytes: larger files in archives are refused, since they are read into memory.

    Attributes:
        path: the folder or archive.
        folder: name of the SEN3 folder.
        names: of its files.

    Raises:
        UserError: there is no product, or more than one.
    """

    def __init__(self, path: Path, max_file_bytes: int) -> None:
        if path.name == MANIFEST:
            path = path.parent
        self.path, self.max_file_bytes = path, max_file_bytes
        self._tree = _tree(path)
        folders = {
            PurePosixPath(name).parent
            for name in self._tree.names
            if name.endswith(".nc") or PurePosixPath(name).name == MANIFEST
        }
        if len(folders) != 1:
            found = f"{len(folders)} folders with SEN3 files" if folders else "no netCDF files"
            raise UserError(f"{path}: found {found}, expected one SEN3 product (folder or zip)")
        (inner,) = folders
        self._prefix = "" if inner == PurePosixPath() else f"{inner}/"
        self.folder = inner.name or path.name
        self.names = frozenset(
            name.removeprefix(self._prefix) for name in self._tree.names if name.startswith(self._prefix)
        )
        self._kept: tuple[str, bytes] | None = None  # the last file of an archive

    def label(self, file: str) -> str:
        """How messages call a file."""
        return self._tree.label(self._prefix + file)

    def require(self, file: str, purpose: str) -> None:
        """Say what is missing.

        Raises:
            UserError: the product has no such file.
        """
        if file not in self.names:
            raise UserError(f"{self.path}: found no {file}, expected it for {purpose}")

    def document(self, file: str) -> bytes:
        """All bytes of a small file."""
        return self._tree.document(self._prefix + file)

    def attributes(self, file: str) -> dict[str, Any]:
        """Global attributes of a file.

        Raises:
            UserError: it is no netCDF-4 file.
        """
        with self._opened(file) as opened:
            return _plain(opened.attrs)

    def shapes(self, file: str) -> dict[str, tuple[int, ...]]:
        """Variables of a file with their sizes.

        Raises:
            UserError: it is no netCDF-4 file.
        """
        with self._opened(file) as opened:
            return {name: tuple(variable.shape) for name, variable in opened.variables.items()}

    def read(self, file: str, variable: str, window: Window | None = None) -> Stored:
        """A variable, or a window of its last two dimensions.

        Raises:
            UserError: the file is damaged, or has no such variable.
        """
        with self._opened(file) as opened:
            if variable not in opened.variables:
                names = sorted(opened.variables)
                found = (
                    f"only {', '.join(names[:4])}{', ...' * (len(names) > 4)}" if names else "no variables"
                )
                raise UserError(f"{self.label(file)}: found {found}, expected '{variable}'")
            stored = opened.variables[variable]
            part: Any = ...
            if window is not None:
                part = (..., slice(window.row, window.bottom), slice(window.column, window.right))
            return Stored(np.asarray(stored[part]), _plain(stored.attrs), tuple(stored.shape))

    def release(self) -> None:
        """Forget what was kept in memory."""
        self._kept = None

    @contextmanager
    def _opened(self, file: str) -> Iterator[h5netcdf.File]:
        try:
            with h5py.File(self._source(file), "r") as plain:
                # h5netcdf asks this too, and would print a traceback beside the sentence where it cannot be read.
                plain.attrs.get("_nc3_strict")
                with h5netcdf.File(plain, "r", phony_dims="access") as opened:
                    yield opened
        except _DAMAGED as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{self.label(file)}: found no readable netCDF-4 file ({reason}), expected a whole one"
            ) from error

    def _source(self, file: str) -> str | io.BytesIO:
        name = self._prefix + file
        if isinstance(self._tree, FolderTree):
            return self._tree.raster_path(name)
        if self._kept is None or self._kept[0] != name:
            if self._tree.size(name) > self.max_file_bytes:
                raise UserError(
                    f"{self.label(file)}: found {self._tree.size(name)} bytes, expected at most {self.max_file_bytes}"
                )
            self._kept = name, self._tree.head(name, self.max_file_bytes + 1)
        return io.BytesIO(self._kept[1])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": None}


def _tree(path: Path) -> FileTree:
    if path.is_dir():
        return FolderTree(path)
    kind = archive_kind(path)
    if kind == "zip":
        return ZipTree(path)
    if not path.exists():
        raise UserError(f"{path}: found nothing there, expected a SEN3 folder or a zip of one")
    raise UserError(
        f"{path}: found {f'a {kind} archive' if kind else 'a file'}, expected a SEN3 folder or a zip of one"
    )


def _plain(attributes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name in attributes:
        value = attributes[name]
        if isinstance(value, h5py.Empty):
            continue
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        plain[name] = value
    return plain


def _number(value: Any) -> float | None:
    return None if value is None else float(np.ravel(value)[0])

"""Compressed tar archives, which cannot be read in place: what is needed of them, in a folder that removes itself."""

import lzma
import os
import shutil
import tarfile
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from errors import UserError
from products.archives import checked_tar_member
from products.file_tree import MAX_FILES, FolderTree

MAX_UNPACKED_BYTES = 16 * 2**30  # a Sentinel-2 product of one granule has 1.2 GB
MAX_LOOK_BYTES = 256 * 2**20  # how far into an archive the first names are looked for
_CHUNK = 2**20
_DAMAGED = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError)


class UnpackedTree(FolderTree):
    """The wanted members of a compressed tar archive in a temporary folder, which lives as long as this object.

    Args:
        path: the archive.
        wanted: whether a member of that name is needed.
        limit_bytes: of all unpacked files together.

    Raises:
        UserError: the archive is damaged or too large, or a member is no file or would land outside of it.
    """

    def __init__(
        self, path: Path, wanted: Callable[[str], bool], limit_bytes: int = MAX_UNPACKED_BYTES
    ) -> None:
        folder = Path(tempfile.mkdtemp(prefix="nadir-unpacked-"))
        # A forked worker inherits this object; only the process that made the folder removes it.
        self._removal = weakref.finalize(self, _remove, folder, os.getpid())
        try:
            _unpack(path, folder, wanted, limit_bytes)
        except BaseException:
            self._removal()
            raise
        super().__init__(folder)
        self.origin = path


def first_names(path: Path, count: int) -> Iterator[str]:
    """Names of the first members of a compressed tar archive, at most `count`, as far as they are near its beginning.

    Raises:
        UserError: the archive is damaged, or is no tar archive.
    """
    for name, member, _ in islice(_members(path), count):
        yield name
        if member.offset_data > MAX_LOOK_BYTES:
            return


def _members(path: Path) -> Iterator[tuple[str, tarfile.TarInfo, tarfile.TarFile]]:
    try:
        with tarfile.open(path, "r|*") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_FILES:
                    raise UserError(f"{path}: found more than {MAX_FILES} members, expected one product")
                yield checked_tar_member(member, path), member, archive
    except _DAMAGED as error:
        raise UserError(f"{path}: found a damaged archive ({error}), expected a whole tar archive") from error


def _unpack(path: Path, folder: Path, wanted: Callable[[str], bool], limit_bytes: int) -> None:
    left = limit_bytes
    for name, member, archive in _members(path):
        if not member.isfile() or not wanted(name):
            continue
        left -= member.size
        if left < 0:
            raise UserError(f"{path}: found more than {limit_bytes} bytes to unpack, expected one product")
        target, source = folder / name, archive.extractfile(member)
        if target.exists() or source is None:
            raise UserError(f"{path}: found {name!r} twice, expected each member once")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                for chunk in _chunks(source, f"{path}/{name}"):
                    file.write(chunk)
        except OSError as error:
            raise UserError(
                f"{path}: found no way to unpack {name!r} ({error}), expected room in {folder}"
            ) from error


def _chunks(source: IO[bytes], label: str) -> Iterator[bytes]:
    try:
        while chunk := source.read(_CHUNK):
            yield chunk
    except _DAMAGED as error:
        raise UserError(f"{label}: found damaged bytes ({error}), expected a whole member") from error


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)

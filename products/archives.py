"""Zip and tar archives as trees of files: read in place, never unpacked as a whole.

An archive is known by its first bytes, not by its suffix. What would land outside of it, links, devices and encrypted
members refuse it as a whole: no product has them. Names and places of members are taken from the archive's directory
by Python; GDAL is handed the bytes of one member, so both cannot disagree about what a name means.
"""

import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from errors import UserError
from products.file_tree import MAX_FILES, FileTree

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_COMPRESSED_MAGIC = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_TAR_MAGIC = b"ustar"  # at byte 257, POSIX and GNU alike
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of name and extra field
_BLOCK = 512
_CHUNK = 2**20
_NOT_READABLE = (
    OSError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


def archive_kind(path: Path) -> str | None:
    """`zip`, `tar`, `compressed tar` (or any other compressed file), or None, judged by the first bytes."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(_BLOCK)
    if start.startswith(_ZIP_MAGIC):
        return "zip"
    if start[257:262] == _TAR_MAGIC:
        return "tar"
    return "compressed tar" if start.startswith(_COMPRESSED_MAGIC) else None


class ZipTree(FileTree):
    """A zip archive. Stored and deflated members are read in place.

    Raises:
        UserError: the archive is damaged or encrypted, or a member would land outside of it.
    """

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except _NOT_READABLE as error:
            raise UserError(f"{path}: found a damaged zip archive ({error}), expected a whole one") from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            name = checked_name(member.orig_filename, path)
            mode = stat.S_IFMT(member.external_attr >> 16)
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise UserError(f"{path}: found {name!r}, which is a link or device; expected files only")
            if member.flag_bits & 0x1:
                raise UserError(f"{path}: found {name!r} encrypted, expected a readable archive")
            if not member.is_dir():
                _add(self._members, name, member, path)
        super().__init__(path, list(self._members))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return self._members[name].file_size

    def head(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a file."""
        with self._reading(name) as file:
            return file.read(count)

    def verify(self, name: str) -> None:
        """Read a whole file and hold it against its checksum; see `FileTree.verify`."""
        with self._reading(name) as file:
            read = 1
            while read:  # the checksum is compared at the end
                read = len(file.read(_CHUNK))

    @contextmanager
    def _reading(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self._members[name]) as file:
                yield file
        except _NOT_READABLE as error:
            raise UserError(
                f"{self.label(name)}: found damaged bytes ({error}), expected a whole member"
            ) from error

    def tail(self, name: str, count: int) -> bytes | None:
        """The last `count` bytes of a file; see `FileTree.tail`."""
        member = self._members[name]
        if member.compress_type != zipfile.ZIP_STORED:
            return None
        start = self._data_offset(name)
        with self.path.open("rb") as file:
            file.seek(start + max(member.file_size - count, 0))
            return file.read(min(count, member.file_size))

    def raster_path(self, name: str) -> str:
        """What GDAL opens."""
        member = self._members[name]
        start = self._data_offset(name)
        if member.compress_type == zipfile.ZIP_STORED:
            return f"/vsisubfile/{start}_{member.file_size},{self.path.absolute()}"
        if member.compress_type != zipfile.ZIP_DEFLATED:
            raise UserError(
                f"{self.label(name)}: found compression method {member.compress_type}, expected stored or deflated"
            )
        return f"/vsizip/{{{self.path.absolute()}}}/{member.filename}"

    def _data_offset(self, name: str) -> int:
        # Of the member's first byte: behind its local header, whose lengths may differ from the directory's.
        member = self._members[name]
        with self.path.open("rb") as file:
            file.seek(member.header_offset)
            header = file.read(_LOCAL_HEADER.size)
            signature, name_length, extra_length = (
                _LOCAL_HEADER.unpack(header) if len(header) == _LOCAL_HEADER.size else (b"", 0, 0)
            )
        start = member.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if signature != _ZIP_MAGIC[0] or start + member.compress_size > self.path.stat().st_size:
            raise UserError(
                f"{self.label(name)}: found no member where the directory says, expected a whole archive"
            )
        return start


class TarTree(FileTree):
    """An uncompressed tar archive.

    Raises:
        UserError: the archive is damaged, or a member is no file or would land outside of it.
    """

    def __init__(self, path: Path) -> None:
        self._members: dict[str, tarfile.TarInfo] = {}
        length = path.stat().st_size
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    name = checked_tar_member(member, path)
                    if member.isfile():
                        _add(self._members, name, member, path)
                        if member.offset_data + member.size > length:
                            raise UserError(
                                f"{path}: found the end amid {name!r}, expected a whole tar archive"
                            )
        except (tarfile.TarError, OSError, EOFError) as error:
            raise UserError(f"{path}: found a damaged tar archive ({error}), expected a whole one") from error
        super().__init__(path, list(self._members))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return self._members[name].size

    def head(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a file."""
        return self._bytes(name, 0, count)

    def tail(self, name: str, count: int) -> bytes:
        """The last `count` bytes of a file; see `FileTree.tail`."""
        return self._bytes(name, max(self.size(name) - count, 0), count)

    def raster_path(self, name: str) -> str:
        """What GDAL opens."""
        member = self._members[name]
        return f"/vsisubfile/{member.offset_data}_{member.size},{self.path.absolute()}"

    def _bytes(self, name: str, start: int, count: int) -> bytes:
        member = self._members[name]
        with self.path.open("rb") as file:
            file.seek(member.offset_data + start)
            return file.read(max(min(count, member.size - start), 0))


def checked_tar_member(member: tarfile.TarInfo, path: Path) -> str:
    """The cleaned name of a tar archive's member, which is a plain file or a folder.

    Raises:
        UserError: it is anything else, or lies outside.
    """
    name = checked_name(member.name, path)
    if not (member.isdir() or member.isfile()) or member.issparse():
        raise UserError(f"{path}: found {name!r}, which is a link or device; expected files only")
    return name


def checked_name(name: str, path: Path) -> str:
    """The cleaned name of an archive's member.

    Raises:
        UserError: it would land outside of the archive's folder.
    """
    parts = PurePosixPath(name).parts
    drive = ":" in (parts or ("",))[0]
    if name.startswith("/") or "\\" in name or ".." in parts or drive or "\0" in name:
        raise UserError(f"{path}: found the member {name!r}, which lies outside of it; expected names within")
    return PurePosixPath(name).as_posix()


def _add(members: dict[str, Any], name: str, member: Any, path: Path) -> None:
    if name in members:
        raise UserError(f"{path}: found {name!r} twice, expected each member once")
    if len(members) >= MAX_FILES:
        raise UserError(f"{path}: found more than {MAX_FILES} members, expected one product")
    members[name] = member

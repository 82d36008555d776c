"""Members of a zip archive, copied out one by one; the archive may lie on a server."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from errors import UserError
from products.archives import checked_name as checked_member_name
from products.download.file_names import checked_path, place

MAX_MEMBERS = 200_000
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        info: what the archive's directory says.
        name: where it goes, relative to a folder; checked.
    """

    info: zipfile.ZipInfo
    name: str


def members_of(archive: zipfile.ZipFile, origin: str) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """The files of an archive and the parts of their names.

    Raises:
        UserError: a member is a link, is encrypted, or would lie outside.
    """
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise UserError(f"{origin}: found {len(infos)} members, expected at most {MAX_MEMBERS}")
    found = []
    for info in infos:
        name = checked_member_name(info.orig_filename, Path(origin))
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UserError(f"{origin}: found {name!r}, which is a link or device; expected files only")
        if info.flag_bits & 0x1:
            raise UserError(f"{origin}: found {name!r} encrypted, expected a readable archive")
        if not info.is_dir():
            found.append((info, tuple(name.split("/"))))
    return found


def directory_of(file: IO[bytes], origin: str) -> zipfile.ZipFile:
    """An archive's directory.

    Raises:
        UserError: it is no sound zip archive.
    """
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"{origin}: found no sound zip archive ({error}), expected one") from error


def copy_out(
    archive: zipfile.ZipFile,
    members: Sequence[Member],
    folder: Path,
    origin: str,
    size_limit_bytes: int,
    advance: Callable[[int], None] = lambda count: None,
) -> int:
    """Copy members into a folder. Those that are there with the right size and CRC-32 are left alone.

    Args:
        archive: see `directory_of`.
        members: in any order; they are read in the order of the archive.
        folder: it exists.
        origin: what the archive is called in sentences.
        size_limit_bytes: of all members, unpacked.
        advance: told the bytes of each piece.

    Returns:
        Bytes of all members.

    Raises:
        UserError: damaged members, or too many bytes.
    """
    total = 0
    for member in sorted(members, key=lambda one: one.info.header_offset):
        target = place(folder, checked_path(member.name, origin))
        total += member.info.file_size
        if total > size_limit_bytes:
            raise UserError(f"{origin}: found more than {size_limit_bytes} bytes, expected at most that")
        if _is_there(target, member.info):
            advance(member.info.file_size)
        else:
            _copy(archive, member.info, target, origin, advance)
    return total


def _copy(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, origin: str, advance: Callable[[int], None]
) -> None:
    part = target.with_name(f".{target.name}.part")
    left = info.file_size
    try:
        with archive.open(info) as source, part.open("wb") as file:
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:  # the size that an archive states is not believed
                    raise UserError(f"{origin}: found {info.filename!r} larger than the archive says")
                file.write(chunk)
                advance(len(chunk))
        part.replace(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{origin}: found damaged bytes in {info.filename!r} ({error})") from error
    finally:
        part.unlink(missing_ok=True)


def _is_there(path: Path, info: zipfile.ZipInfo) -> bool:
    if not path.is_file() or path.stat().st_size != info.file_size:
        return False
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc == info.CRC

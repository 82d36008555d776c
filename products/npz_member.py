"""Arrays in `.npz` archives: looked at without being decoded, mapped where they are stored, kept where they are packed."""

import os
import struct
import threading
import zipfile
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from errors import UserError

KEPT_BYTES = 384 * 2**20  # of decoded arrays in a process: three published masks of a whole tile
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of name and extra field
_SUFFIX = ".npy"
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class NpzMember:
    """One array of an archive; a plain value that can be pickled.

    Attributes:
        path: the archive.
        key: name of the array.
        shape: of the array.
        dtype: numpy name of its type.
        fortran_order: whether the first index runs fastest.
        stored_at: byte of the file at which its pixels begin; None where they are compressed.
        stamp: changes when the file does.
    """

    path: str
    key: str
    shape: tuple[int, ...]
    dtype: str
    fortran_order: bool
    stored_at: int | None
    stamp: tuple[int, int]

    def array(self) -> np.ndarray:
        """The array: a view of the file where it is not compressed, else decoded once and kept while there is room.

        Do not write into it.

        Raises:
            UserError: the archive is damaged.
        """
        return _KEPT.get(self)

    def load(self) -> np.ndarray:
        """As `array`, without keeping it."""
        if self.stored_at is not None:
            order: str = "F" if self.fortran_order else "C"
            try:
                return np.memmap(self.path, self.dtype, "r", self.stored_at, self.shape, order)  # type: ignore[call-overload]
            except _DAMAGED as error:
                raise _damaged(self.path, self.key, error) from error
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.key}{_SUFFIX}") as stream:
                return np.lib.format.read_array(stream, allow_pickle=False)
        except _DAMAGED as error:
            raise _damaged(self.path, self.key, error) from error


def is_npz(path: Path) -> bool:
    """Whether a file is an archive of arrays, judged by its content."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return False
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except _DAMAGED:
        return path.suffix.lower() == ".npz"  # whoever opens it says what is wrong
    return bool(names) and all(name.endswith(_SUFFIX) for name in names)


def npz_keys(path: Path) -> list[str]:
    """Names of the arrays of an archive, in its order.

    Raises:
        UserError: it is no such archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(_SUFFIX) for name in archive.namelist() if name.endswith(_SUFFIX)]
    except _DAMAGED as error:
        raise UserError(f"{path}: found no readable archive ({error}), expected a .npz file") from error


def npz_member(path: Path, key: str) -> NpzMember:
    """An array of an archive, of which the header alone is read.

    Raises:
        UserError: no such archive or array, or one that holds objects.
    """
    keys = npz_keys(path)
    if key not in keys:
        raise UserError(f"{path}: found the arrays {', '.join(keys) or 'none'}, expected {key}")
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(f"{key}{_SUFFIX}")
            with archive.open(member) as stream:
                version = np.lib.format.read_magic(stream)
                if version == (1, 0):
                    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
                else:
                    shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(stream)
                header = stream.tell()
            stored_at = None
            if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 0x1:
                stored_at = _data_offset(path, member) + header
    except _DAMAGED as error:
        raise _damaged(str(path), key, error) from error
    if dtype.kind not in "buif":
        raise UserError(f"{path}: found {key} with values of type {dtype}, expected numbers")
    stat = path.stat()
    stamp = (stat.st_mtime_ns, stat.st_size)
    return NpzMember(str(path.absolute()), key, tuple(shape), dtype.str, fortran_order, stored_at, stamp)


def _data_offset(path: Path, member: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin: behind its local header, whose lengths may differ from the directory's."""
    with path.open("rb") as file:
        file.seek(member.header_offset)
        signature, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if signature != b"PK\x03\x04":
        raise ValueError("no member where the directory says")
    return int(member.header_offset + _LOCAL_HEADER.size + name + extra)


def _damaged(path: str, key: str, error: Exception) -> UserError:
    return UserError(f"{path}: found damaged bytes in {key} ({error}), expected a whole array")


class _Kept:
    """The most recently used arrays of this process."""

    def __init__(self) -> None:
        self._start()
        os.register_at_fork(after_in_child=self._start)  # a lock that another thread held would stay locked

    def _start(self) -> None:
        self.lock, self.bytes = threading.Lock(), 0
        self.arrays: OrderedDict[NpzMember, np.ndarray] = OrderedDict()

    def get(self, member: NpzMember) -> np.ndarray:
        if member.stored_at is not None:
            return member.load()
        with self.lock:
            if member not in self.arrays:
                array = member.load()
                self.arrays[member] = array
                self.bytes += array.nbytes
                while self.bytes > KEPT_BYTES and len(self.arrays) > 1:
                    self.bytes -= self.arrays.popitem(last=False)[1].nbytes
            self.arrays.move_to_end(member)
            return self.arrays[member]


_KEPT = _Kept()

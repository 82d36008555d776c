"""The files of a product by name, whether they lie in a folder or in an archive (`products.archives`)."""

import os
from abc import ABC, abstractmethod
from pathlib import Path

from errors import UserError

MAX_DOCUMENT_BYTES = 64 * 2**20  # metadata that is read whole: the largest of a real product has 2 MB
MAX_FILES = 200_000  # of a folder or archive: a product of 100 granules has 20 000


class FileTree(ABC):
    """Files below one place. Names are relative to it and have forward slashes; links and folders are left out.

    Attributes:
        path: the folder or archive.
        origin: what messages call it: the path, or the archive that it was unpacked from.
        names: of all files, sorted.
    """

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path, self.origin = path, path
        self.names = tuple(sorted(names))

    @abstractmethod
    def size(self, name: str) -> int:
        """Bytes of a file, as its folder or archive says."""

    @abstractmethod
    def head(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a file, or all it has.

        Raises:
            UserError: it cannot be read.
        """

    @abstractmethod
    def tail(self, name: str, count: int) -> bytes | None:
        """The last `count` bytes of a file; None where the whole file would have to be decompressed for them.

        Raises:
            UserError: it cannot be read.
        """

    @abstractmethod
    def raster_path(self, name: str) -> str:
        """What GDAL opens to read a file by windows, without unpacking it."""

    def stamp(self, name: str) -> tuple[int, int]:
        """What changes when a file does: time of modification (of the file or the archive) and size."""
        own = self.path / name
        return (own if own.is_file() else self.path).stat().st_mtime_ns, self.size(name)

    def verify(self, name: str) -> None:  # noqa: B027  (folders and tar archives have no checksums)
        """Read a whole file and hold it against its checksum, where there is one.

        Raises:
            UserError: they do not agree.
        """

    def document(self, name: str) -> bytes:
        """All bytes of a small file.

        Raises:
            UserError: it cannot be read, or is larger than any metadata.
        """
        found = self.head(name, MAX_DOCUMENT_BYTES + 1)
        if len(found) > MAX_DOCUMENT_BYTES:
            raise UserError(
                f"{self.label(name)}: found more than {MAX_DOCUMENT_BYTES // 2**20} MB, expected a metadata file"
            )
        return found

    def label(self, name: str) -> str:
        """How messages call a file."""
        return f"{self.origin}/{name}"


class FolderTree(FileTree):
    """The files of a folder.

    Args:
        path: the folder.

    Raises:
        UserError: it holds more files than any product.
    """

    def __init__(self, path: Path) -> None:
        names: list[str] = []
        for parent, _, files in os.walk(path):
            place = Path(parent).relative_to(path)
            names += [(place / file).as_posix() for file in files]
            if len(names) > MAX_FILES:
                raise UserError(f"{path}: found more than {MAX_FILES} files, expected one product")
        super().__init__(path, names)

    def size(self, name: str) -> int:
        """Bytes of a file."""
        try:
            return (self.path / name).stat().st_size
        except OSError as error:
            raise self._unreadable(name, error) from error

    def head(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a file."""
        try:
            with (self.path / name).open("rb") as file:
                return file.read(count)
        except OSError as error:
            raise self._unreadable(name, error) from error

    def tail(self, name: str, count: int) -> bytes:
        """The last `count` bytes of a file; see `FileTree.tail`."""
        try:
            with (self.path / name).open("rb") as file:
                file.seek(max(self.size(name) - count, 0))
                return file.read(count)
        except OSError as error:
            raise self._unreadable(name, error) from error

    def raster_path(self, name: str) -> str:
        """What GDAL opens."""
        return str((self.path / name).absolute())

    def _unreadable(self, name: str, error: OSError) -> UserError:
        return UserError(f"{self.label(name)}: found {error.strerror}, expected a readable file")

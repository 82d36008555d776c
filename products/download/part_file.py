"""A file on its way: `.NAME.part`, and beside it `.NAME.part.json`, which says of what the bytes are.

The part stays when a transfer is interrupted. It is continued only where the server says (by `If-Range`) that the
file is still the same, or where a checksum will tell.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from errors import UserError


@dataclass(frozen=True)
class Origin:
    """Of what the bytes of a part are.

    Attributes:
        url: SHA-256 of the URL (which may hold a token).
        checksum: what the whole file must come to, if that is known.
        validator: the server's strong ETag or date of the file, if it told one.
        size: of the whole file in bytes, if that is known.
    """

    url: str
    checksum: str | None = None
    validator: str | None = None
    size: int | None = None


class PartFile:
    """The part of one file, held by this process alone.

    Attributes:
        path: where the bytes are.
        file: open for reading and writing.
        origin: see `Origin`; None for a part that has just begun.
    """

    def __init__(self, path: Path, record: Path, file: IO[bytes]) -> None:
        self.path, self.file, self._record = path, file, record
        self.origin = self._read()
        if self.origin is None:
            self.restart()

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.file.seek(0, os.SEEK_END)

    def restart(self, origin: Origin | None = None) -> None:
        """Forget the bytes; the next ones are of `origin`."""
        self.file.truncate(0)
        self.file.seek(0)
        self.origin = origin
        if origin is None:
            self._record.unlink(missing_ok=True)
        else:
            self._record.write_text(json.dumps(asdict(origin)))

    def finish(self, target: Path) -> None:
        """Give the whole file its name."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.path.replace(target)
        self._record.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the part."""
        self.path.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def _read(self) -> Origin | None:
        try:
            return Origin(**json.loads(self._record.read_text()))
        except (OSError, ValueError, TypeError):
            return None  # none yet, or half-written when the machine went down: begin anew


@contextmanager
def part_of(target: Path) -> Iterator[PartFile]:
    """The part of a file, left behind unless it was finished or discarded; an empty one is removed.

    Raises:
        UserError: another process is at it.
    """
    path = target.with_name(f".{target.name}.part")
    record = target.with_name(f".{target.name}.part.json")
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"{target}: another process is fetching it, expected only one") from error
        part = PartFile(path, record, file)
        try:
            yield part
        finally:
            file.flush()
            if path.exists() and path.stat().st_size == 0:
                part.discard()

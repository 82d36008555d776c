"""Where requests keep their files while they run: `uploads/`, `requests/`, `results/` of the work folder.

Whatever is in use is locked (flock) by the process that uses it, and the kernel frees the lock when that process
ends in any way. So what a killed worker or server has left can be told from what is in use, and is swept away.
"""

import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from errors import UserError

PARTS = ("uploads", "requests", "results")
SETTLE_S = 60  # a worker has left its result, and the server has not taken it yet


def prepare(work: Path) -> None:
    """Make the work folder, readable by nobody else.

    Raises:
        UserError: it is a link, or belongs to somebody else.
    """
    for folder in (work, *(work / part for part in PARTS)):
        folder.mkdir(mode=0o700, parents=folder == work, exist_ok=True)
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
            raise UserError(
                f"{folder}: found a link or a folder of somebody else, expected a folder of our own"
            )


def new_name() -> str:
    """A name that nobody can guess or meet by chance."""
    return secrets.token_hex(16)


@contextmanager
def request_folder(work: Path) -> Iterator[Path]:
    """A new folder of a request, gone with all that is in it when the request ends."""
    folder = work / "requests" / new_name()
    with ExitStack() as stack:
        stack.callback(remove, folder)
        with _alone_in(folder.parent):
            folder.mkdir(mode=0o700)
            stack.enter_context(in_use(folder))
        yield folder


@contextmanager
def upload_file(work: Path) -> Iterator[Path]:
    """A new, empty file of an upload, gone when the request ends."""
    file = work / "uploads" / new_name()
    with ExitStack() as stack:
        stack.callback(remove, file)
        with _alone_in(file.parent):
            file.touch(mode=0o600)
            stack.enter_context(in_use(file))
        yield file


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Keep `sweep` away from a file or folder; several processes may do so at once."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def sweep(work: Path) -> list[Path]:
    """Remove what processes have left that are no more; returns what was removed."""
    swept = []
    for part in PARTS:
        with _alone_in(work / part):
            for path in sorted((work / part).iterdir()):
                if _is_left(path, SETTLE_S if part == "results" else 0.0):
                    remove(path)
                    swept.append(path)
    return swept


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Between being made and being locked, nothing may be swept."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_left(path: Path, settle_s: float) -> bool:
    try:
        if time.time() - path.lstat().st_mtime < settle_s:
            return False
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False  # whoever used it was faster
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True

"""Zip archives that are a function of what is in them."""

import os
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from errors import UserError

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can say
_PACKED = (".png", ".tif", ".jpg", ".npz")  # would not become smaller
_FILE_MODE = 0o100644 << 16
_CHUNK = 2**20


def write_archive(path: Path, folder: Path, names: Iterable[str]) -> Path:
    """Put files of a folder into a zip; it appears whole, and equal files give equal bytes.

    Args:
        path: of the zip.
        folder: where the files are.
        names: of them, relative to it, with `/`; they are put in by name, each once.

    Raises:
        UserError: a file is missing, or the zip cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with zipfile.ZipFile(temporary, "w") as archive:
                for name in sorted(set(names)):
                    member = zipfile.ZipInfo(name, _EPOCH)
                    packed = name.lower().endswith(_PACKED)
                    member.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
                    member.create_system, member.external_attr = (
                        3,
                        _FILE_MODE,
                    )  # as written on Unix, on any machine
                    member.file_size = (folder / name).stat().st_size
                    with (folder / name).open("rb") as source, archive.open(member, "w") as target:
                        shutil.copyfileobj(source, target, _CHUNK)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error}; expected a place for a zip archive") from error
    return path

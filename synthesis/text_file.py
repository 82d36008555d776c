"""Small text files that appear whole or not at all."""

import os
from pathlib import Path

from errors import UserError


def write_whole(path: Path, text: str) -> None:
    """Write a file under a temporary name and give it its own when all is there; its folder is made.

    Raises:
        UserError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error}; expected a place for a file") from error

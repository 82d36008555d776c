"""Names that servers give to files: judged before anything is written under them."""

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from errors import UserError

OWN_NAMES = ("downloads.json", "generated.json")  # what Nadir itself writes into the folder
_LONGEST_BYTES = 200  # most file systems take 255; the part file's name is a little longer


def checked_name(text: str, origin: str) -> str:
    """One name of a file or folder, as it is; no path.

    Args:
        text: what the server calls it.
        origin: who says so, for the sentence.

    Raises:
        UserError: it would lie outside of the folder, be hidden, or not be a name at all.
    """
    whole = text.strip()
    if (
        not whole
        or whole.startswith(".")
        or re.search(r"[\x00-\x1f\x7f/\\:]", whole)
        or len(whole.encode()) > _LONGEST_BYTES
    ):
        raise UserError(f"{origin}: found the file name {text!r}, expected a plain name without folders")
    if whole.lower() in OWN_NAMES:
        raise UserError(f"{origin}: found the file name {text!r}, which is a name of our own records")
    return whole


def checked_path(text: str, origin: str) -> str:
    """A name with folders, separated by `/`; each of its parts is a plain name.

    Raises:
        UserError: it would lie outside of the folder.
    """
    return "/".join(checked_name(part, origin) for part in text.split("/"))


def name_in_url(url: str) -> str:
    """The last part of a URL's path.

    Raises:
        UserError: it is no plain name.
    """
    parts = urlsplit(url)
    return checked_name(unquote(parts.path.rsplit("/", 1)[-1]), parts.hostname or "the server")


def place(folder: Path, name: str) -> Path:
    """Where a file of that (checked) name lies; its parents are made.

    Raises:
        UserError: a link on the way leads elsewhere.
    """
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"{path}: found a link that leads out of {folder}, expected a folder")
    return path


def shown(url: str) -> str:
    """A URL for people and records: without user, query and fragment, which may hold secrets."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def listed(names: Iterable[str], most: int = 8) -> str:
    """Some names for a sentence."""
    found = list(names)
    return ", ".join(found[:most]) + (f", ... ({len(found)} in all)" if len(found) > most else "")

"""Data sets that lie on a server as one zip archive each: the UCR/UEA archives of time series.

What is wanted of an archive (`.ts` files) is unpacked into a folder of its name, beside it.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from errors import UserError
from products.download.file_names import checked_name, listed
from products.download.http_answer import NotThere, answer, with_patience
from products.download.remote_item import RemoteItem, Watch, over_http
from products.download.selection import Selection
from products.download.transfer import Fetched
from products.download.transfer_limits import TransferLimits
from products.download.zip_members import Member, copy_out, directory_of, members_of

_UNPACKED_LIMIT = 20  # times the archive: text files become a tenth


def find(
    name: str, source: Mapping[str, Any], selection: Selection, limits: TransferLimits
) -> list[RemoteItem]:
    """The archives of the data sets that are wanted.

    Args:
        name: of the source, for sentences.
        source: `url` with `{name}`, `examples`, `unpack` (a pattern of members).
        selection: `names` of data sets.
        limits: patience.

    Raises:
        UserError: no names, or no such data set.
    """
    selection.only(name, ("names",))
    names = selection.needed(name, "names", f"[{listed(source['examples'])}]".replace(" ", ""))
    return [_archive(name, checked_name(one, "names"), source, limits) for one in names]


def size_of(url: str, limits: TransferLimits) -> int | None:
    """Bytes of a file by `HEAD`; None where the server does not say.

    Raises:
        NotThere: no such file.
        UserError: a server that fails.
    """

    def ask() -> int | None:
        with answer(url, limits, method="HEAD") as response:
            length = response.headers.get("Content-Length", "")
            return int(length) if length.isdigit() and response.status_code == requests.codes.ok else None

    return with_patience(ask, limits)


def _archive(source_name: str, name: str, source: Mapping[str, Any], limits: TransferLimits) -> RemoteItem:
    url = str(source["url"]).format(name=quote(name))
    try:
        size = size_of(url, limits)
    except NotThere as error:
        raise UserError(
            f"names: source={source_name} has no data set '{name}', expected such as {listed(source['examples'])}"
        ) from error
    plain = over_http(f"{name}.zip", url, size=size)

    def fetch(path: Path, watch: Watch) -> Fetched:
        fetched = plain.fetch(path, watch)
        try:
            _unpack(path, path.with_suffix(""), str(source["unpack"]), fetched.size * _UNPACKED_LIMIT)
        except UserError:
            path.unlink()
            raise
        return fetched

    return RemoteItem(plain.name, plain.url, fetch, size, also=(name,))


def _unpack(path: Path, folder: Path, pattern: str, limit_bytes: int) -> None:
    part = folder.with_name(f".{folder.name}.part")
    with path.open("rb") as file, directory_of(file, path.name) as archive:
        members = {
            checked_name(parts[-1], path.name): Member(info, parts[-1])
            for info, parts in members_of(archive, path.name)
            if fnmatchcase(parts[-1].lower(), pattern)
        }
        if not members:
            raise UserError(f"{path.name}: found no {pattern} in the archive, expected some")
        folder_is_there = folder.is_dir()
        target = folder if folder_is_there else part
        target.mkdir(exist_ok=True)
        copy_out(archive, list(members.values()), target, path.name, limit_bytes)
        if not folder_is_there:
            part.rename(folder)

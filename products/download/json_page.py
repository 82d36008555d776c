"""A page of JSON from a server, of limited size."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from errors import UserError
from products.download.file_names import shown
from products.download.http_answer import answer, read_some, with_patience
from products.download.transfer_limits import TransferLimits

_LIMIT_BYTES = 64 << 20
_CHUNK = 1 << 18
_MOST_PAGES = 1000


def read_page(url: str, limits: TransferLimits) -> tuple[Any, str | None]:
    """What a page says, and the URL of the next one (`Link: <...>; rel="next"`, on the same server).

    Raises:
        UserError: no JSON, too much of it, or a server that fails.
    """

    def read() -> tuple[bytes, str | None]:
        with answer(url, limits, headers={"Accept": "application/json"}) as response:
            data = bytearray()
            while chunk := read_some(response, _CHUNK):
                data += chunk
                if len(data) > _LIMIT_BYTES:
                    raise UserError(f"{shown(url)}: found more than {_LIMIT_BYTES} bytes, expected a list")
            return bytes(data), response.links.get("next", {}).get("url")

    data, following = with_patience(read, limits)
    try:
        page = json.loads(data)
    except ValueError as error:
        raise UserError(f"{shown(url)}: found no JSON, expected a list of files") from error
    if following is not None and urlsplit(following)[:2] != urlsplit(url)[:2]:
        raise UserError(f"{shown(url)}: found a next page on another server, expected the same")
    return page, following


def read_pages(url: str, limits: TransferLimits) -> Iterator[Any]:
    """All pages of a list, one after the other.

    Raises:
        UserError: see `read_page`; or pages without end.
    """
    following: str | None = url
    for _ in range(_MOST_PAGES):
        if following is None:
            return
        page, following = read_page(following, limits)
        yield page
    raise UserError(f"{shown(url)}: found more than {_MOST_PAGES} pages, expected fewer")

"""One thing that can be fetched: a file, or a folder of files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from products.download import transfer
from products.download.checksum import Checksum
from products.download.file_names import shown
from products.download.http_answer import Authority, no_credentials
from products.download.transfer import Fetched, Progress
from products.download.transfer_limits import TransferLimits


@dataclass(frozen=True)
class Watch:
    """What a fetch is given from outside.

    Attributes:
        size_limit_bytes: at most.
        progress: told the bytes so far and in all.
        limits: patience.
    """

    size_limit_bytes: int
    progress: Progress
    limits: TransferLimits


@dataclass(frozen=True)
class RemoteItem:
    """One thing to fetch.

    Attributes:
        name: of the file or folder, relative to the output folder; checked.
        url: for the records: without query.
        fetch: writes it under the path it is given, whole or not at all.
        size: bytes, None where the server does not say.
        checksum: as the server tells it.
        facts: what else is known of it (date, clouds, ...), for the records.
        also: names that must be there beside it, such as what was unpacked of it.
    """

    name: str
    url: str
    fetch: Callable[[Path, Watch], Fetched]
    size: int | None = None
    checksum: Checksum | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()


def over_http(
    name: str,
    url: str,
    *,
    size: int | None = None,
    checksum: Checksum | None = None,
    authority: Authority = no_credentials,
    facts: Mapping[str, Any] | None = None,
) -> RemoteItem:
    """A file that is fetched by its URL."""

    def fetch(path: Path, watch: Watch) -> Fetched:
        return transfer.fetch(
            url,
            path,
            checksum=checksum,
            size=size,
            size_limit_bytes=watch.size_limit_bytes,
            progress=watch.progress,
            authority=authority,
            limits=watch.limits,
        )

    return RemoteItem(name, shown(url), fetch, size, checksum, facts or {})

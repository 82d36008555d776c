"""Records of Zenodo (https://developers.zenodo.org): whole files, or events out of its numbered archives.

The files of THRawS are `1.zip`, `2.zip`, ...; events are folders inside. An event is found by the archives'
directories and copied out by `Range`, so that one does not fetch 148 GB for 1.5.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from errors import UserError
from products.download import checksum as checksums
from products.download.file_names import checked_name, checked_path, shown
from products.download.json_page import read_page
from products.download.remote_bytes import open_remote
from products.download.remote_item import RemoteItem, Watch, over_http
from products.download.selection import Selection, matching
from products.download.transfer import Fetched
from products.download.transfer_limits import TransferLimits
from products.download.zip_members import Member, copy_out, directory_of, members_of
from products.thraws_names import parse_granule_name

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordFile:
    """A file of a record.

    Attributes:
        name: as the record calls it.
        size: bytes.
        checksum: `md5:...` as the record tells it.
        url: where it is fetched.
    """

    name: str
    size: int
    checksum: str
    url: str


def find(
    name: str, source: Mapping[str, Any], selection: Selection, limits: TransferLimits
) -> list[RemoteItem]:
    """The files or events that are wanted of a record; all files where nothing is said.

    Args:
        name: of the source, for sentences.
        source: `api`, `file_url` and `record`.
        selection: `names` of files, `events` inside of archives.
        limits: patience.

    Raises:
        UserError: no such record, file or event.
    """
    selection.only(name, ("names", "events"))
    files = record_files(source, limits)
    if selection.events is None:
        wanted = matching(selection.names or ("*",), files, "names", "file")
        return [_whole(files[one]) for one in wanted]
    archives = {key: file for key, file in files.items() if key.lower().endswith(".zip")}
    by_name = {key.rsplit(".", 1)[0]: key for key in archives}
    if selection.names is not None:
        archives = {one: archives[one] for one in matching(selection.names, archives, "names", "archive")}
    elif all(one in by_name for one in selection.events):  # an archive for each event
        return [_whole(archives[by_name[one]]) for one in selection.events]
    return _events(archives.values(), selection.events, limits)


def record_files(source: Mapping[str, Any], limits: TransferLimits) -> dict[str, RecordFile]:
    """The files of a record by name, as its JSON lists them.

    Raises:
        UserError: the record is not there, or lists nothing.
    """
    url = str(source["api"]).format(record=source["record"])
    page, _ = read_page(url, limits)
    entries = page.get("files", []) if isinstance(page, dict) else []
    if isinstance(entries, dict):  # InvenioRDM's own form
        entries = list(entries.get("entries", {}).values())
    files = {}
    for entry in entries:
        try:
            key = checked_name(str(entry["key"]), shown(url))
            where = str(source["file_url"]).format(record=source["record"], name=quote(key))
            files[key] = RecordFile(key, int(entry["size"]), str(entry.get("checksum", "")), where)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{shown(url)}: found an entry without key or size, expected files") from error
    if not files:
        raise UserError(f"{shown(url)}: found no files, expected the record {source['record']}")
    return files


def _whole(file: RecordFile) -> RemoteItem:
    algorithm, _, value = file.checksum.partition(":")
    return over_http(file.name, file.url, size=file.size, checksum=checksums.told(algorithm, value))


def _events(archives: Any, patterns: Sequence[str], limits: TransferLimits) -> list[RemoteItem]:
    found: dict[str, list[tuple[RecordFile, list[Member]]]] = {}
    for file in archives:
        for event, members in _events_of(file, limits).items():
            found.setdefault(event, []).append((file, members))
    wanted = matching(patterns, sorted(found), "events", "event")
    return [_event(event, found[event]) for event in wanted]


def _events_of(file: RecordFile, limits: TransferLimits) -> dict[str, list[Member]]:
    """The events of an archive: the folders that hold granules, or the archive itself."""
    LOG.info("reading the directory of %s", file.name)
    events: dict[str, list[Member]] = {}
    with open_remote(file.url, limits) as remote, directory_of(remote, file.name) as archive:
        for info, parts in members_of(archive, file.name):
            at = next((i for i, part in enumerate(parts[:-1]) if parse_granule_name(part)), None)
            if at is None or parts[-1].startswith("."):
                continue
            event = checked_name(parts[at - 1] if at else file.name.rsplit(".", 1)[0], file.name)
            member = Member(info, checked_path("/".join(parts[at:]), file.name))
            events.setdefault(event, []).append(member)
    return events


def _event(event: str, places: list[tuple[RecordFile, list[Member]]]) -> RemoteItem:
    size = sum(member.info.file_size for _, members in places for member in members)
    files = ", ".join(file.name for file, _ in places)

    def fetch(path: Path, watch: Watch) -> Fetched:
        # An event that is there, but not in our list, is completed in place.
        part = path if path.is_dir() else path.with_name(f".{path.name}.part")
        part.mkdir(exist_ok=True)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            watch.progress(done, size)

        left = watch.size_limit_bytes
        for file, members in places:
            with open_remote(file.url, watch.limits) as remote, directory_of(remote, file.name) as archive:
                left -= copy_out(archive, members, part, file.name, left, advance)
        if part != path:
            part.rename(path)
        return Fetched(size, None)

    facts = {"archive": files, "members": sum(len(members) for _, members in places)}
    return RemoteItem(event, f"{shown(places[0][0].url)}#{event}", fetch, size, None, facts)

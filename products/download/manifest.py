"""What has been fetched into a folder: `downloads.json`, so that a second call fetches nothing again."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from errors import UserError
from products.download.remote_item import RemoteItem
from products.download.transfer import Fetched

MANIFEST = "downloads.json"
_WRITE_EVERY_S = 2.0  # of ten thousand small files not each writes the list anew


class Manifest:
    """The list of what is in a folder.

    Args:
        folder: the output folder.

    Raises:
        UserError: the list cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / MANIFEST
        self._entries: dict[str, dict[str, Any]] = {}
        self._written_at = 0.0
        if self._path.exists():
            try:
                entries = json.loads(self._path.read_text())["files"]
                self._entries = {entry["name"]: dict(entry) for entry in entries}
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"{self._path}: found no list of downloads ({type(error).__name__}), expected one of ours"
                ) from error

    def has(self, item: RemoteItem) -> bool:
        """Whether an item was fetched from that URL with that checksum, and is still there in full."""
        entry = self._entries.get(item.name)
        if entry is None or entry.get("url") != item.url:
            return False
        if item.checksum is not None and entry.get("checksum") != str(item.checksum):
            return False
        path = self._folder / item.name
        if not all((self._folder / name).exists() for name in item.also):
            return False
        return path.is_dir() or (path.is_file() and path.stat().st_size == entry.get("size"))

    def add(self, item: RemoteItem, fetched: Fetched) -> None:
        """Note an item; the list is written from time to time, and by `close`."""
        self._entries[item.name] = {
            "name": item.name,
            "url": item.url,
            "size": fetched.size,
            "sha256": fetched.sha256,
            "checksum": str(item.checksum) if item.checksum else None,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            **{key: value for key, value in item.facts.items() if value is not None},
        }
        if time.monotonic() - self._written_at > _WRITE_EVERY_S:
            self.close()

    def close(self) -> None:
        """Write the list, if there is anything in it."""
        if not self._entries:
            return
        lines = ",\n".join(json.dumps(self._entries[name]) for name in sorted(self._entries))
        temporary = self._path.with_name(f".{MANIFEST}.{os.getpid()}")
        temporary.write_text('{"files": [\n' + lines + "\n]}\n")
        temporary.replace(self._path)
        self._written_at = time.monotonic()

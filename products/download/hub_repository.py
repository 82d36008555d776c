"""Data sets of the Hugging Face Hub: the tree of a repository (`/api/datasets/.../tree/...`), file by file.

Large files are listed with their SHA-256 (`lfs.oid`), small ones with git's, which is no checksum of their bytes.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from errors import UserError
from products.download import checksum as checksums
from products.download.file_names import checked_path, shown
from products.download.json_page import read_pages
from products.download.remote_item import RemoteItem, over_http
from products.download.selection import Selection, matching
from products.download.transfer_limits import TransferLimits


def find(
    name: str, source: Mapping[str, Any], selection: Selection, limits: TransferLimits
) -> list[RemoteItem]:
    """The files of a repository that are wanted; all of its data where nothing is said.

    Args:
        name: of the source, for sentences.
        source: `tree_url`, `file_url`, `repository`, `revision`, `suffixes` of data files.
        selection: `names`, patterns of paths in the repository.
        limits: patience.

    Raises:
        UserError: no such repository or file.
    """
    selection.only(name, ("names",))
    place = {"repository": source["repository"], "revision": source["revision"]}
    tree_url = str(source["tree_url"]).format(**place)
    items: dict[str, RemoteItem] = {}
    for page in read_pages(tree_url, limits):
        if not isinstance(page, list):
            raise UserError(f"{shown(tree_url)}: found no list, expected the tree of a repository")
        for entry in page:
            path = str(entry.get("path", ""))
            if entry.get("type") != "file" or PurePosixPath(path).suffix.lower() not in source["suffixes"]:
                continue
            large = entry.get("lfs") or {}
            items[path] = over_http(
                checked_path(path, shown(tree_url)),
                str(source["file_url"]).format(path=quote(path), **place),
                size=int(large.get("size", entry["size"])),
                checksum=checksums.told("sha256", large.get("oid", "")),
            )
    if not items:
        raise UserError(f"{shown(tree_url)}: found no files, expected some of {source['suffixes']}")
    return [items[path] for path in matching(selection.names or ("*",), items, "names", "file")]

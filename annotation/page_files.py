"""The files of the page, held in memory: what is asked for is looked up by name and never on the disk."""

from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class PageFile(NamedTuple):
    """Content and media type."""

    content: bytes
    media_type: str


def page_files() -> dict[str, PageFile]:
    """All files of the page by name; `""` is the page itself."""
    files = {
        path.name: PageFile(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(PAGE.iterdir())
        if path.suffix in TYPES
    }
    return {"": files["index.html"], **files}

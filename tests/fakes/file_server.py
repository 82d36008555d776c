"""A server of files with the manners of real ones: Range, ETag, HEAD, redirects, and failures on demand."""

import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class ServedFile:
    """A file, and how it is served.

    `faults` are used up one by one, each by one GET: a number is a status, `cut:N` sends N bytes and hangs up.
    """

    data: bytes
    etag: str | None = '"first"'
    ranges: bool = True
    length: bool = True
    faults: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    wanted: str | None = None  # what Authorization must say


@dataclass
class FileServer:
    """What is served, by path, and what was asked for."""

    port: int = 0
    files: dict[str, ServedFile] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Callable[[Asked], Any]] = field(default_factory=dict)
    page_headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path: str, data: bytes, **manners: Any) -> str:
        self.files[path] = ServedFile(data, **manners)
        return self.url(path)

    def gets(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.method == "GET" and one.path.partition("?")[0] == path]


@contextmanager
def serving_files() -> Iterator[FileServer]:
    """A really started server on a free port of this machine."""
    state = FileServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            asked = Asked(self.command, self.path, dict(self.headers.items()), body)
            state.asked.append(asked)
            path = self.path.partition("?")[0]
            if path in state.redirects:
                self._send(302, b"", {"Location": state.redirects[path]})
            elif path in state.pages:
                page = state.pages[path](asked)
                self._send(
                    200, json.dumps(page).encode(), {"Content-Type": "application/json", **state.page_headers}
                )
            elif path in state.files:
                self._file(state.files[path])
            else:
                self._send(404, b"no such file")

        def _file(self, file: ServedFile) -> None:
            fault = file.faults.pop(0) if file.faults and self.command == "GET" else ""
            if fault.isdigit():
                return self._send(int(fault), b"later", {"Retry-After": "0"})
            if file.wanted is not None and self.headers.get("Authorization") != file.wanted:
                return self._send(401, b"who are you")
            status, data = 200, file.data
            headers = dict(file.headers) | ({"ETag": file.etag} if file.etag else {})
            wish = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            same = self.headers.get("If-Range") in (None, file.etag)
            if file.ranges and wish and same:
                first, last = int(wish[1]), int(wish[2] or len(data) - 1)
                if first >= len(data):
                    return self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
                headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
                status, data = 206, data[first : last + 1]
            cut = int(fault.removeprefix("cut:")) if fault else None
            return self._send(status, data, headers, cut=cut, length=file.length)

        def _send(
            self,
            status: int,
            data: bytes,
            headers: dict[str, str] | None = None,
            cut: int | None = None,
            length: bool = True,
        ) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            if length:
                self.send_header("Content-Length", str(len(data)))
            else:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data if cut is None else data[:cut])
            if cut is not None or not length:
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

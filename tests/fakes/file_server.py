"""A server of files with the manners of real ones: Range, ETag, HEAD, redirects, and failures on demand."""

import http.server
import json
import re
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
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
    pause_behind: int | None = None  # bytes, behind which nothing more comes for a while


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
def serving_files(certificate: Path | None = None) -> Iterator[FileServer]:
    """A really started server on a free port of this machine.

    With a certificate (and its key) it is also a proxy (`CONNECT`) that plays the host of the certificate itself.
    """
    state = FileServer()
    hung_up = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def do_CONNECT(self) -> None:
            state.asked.append(Asked("CONNECT", self.path, dict(self.headers.items())))
            self.send_response(200)
            self.end_headers()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(str(certificate))
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)
            self.close_connection = False

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
            return self._send(status, data, headers, cut, file.length, file.pause_behind)

        def _send(
            self,
            status: int,
            data: bytes,
            headers: dict[str, str] | None = None,
            cut: int | None = None,
            length: bool = True,
            pause_behind: int | None = None,
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
                self._write(data if cut is None else data[:cut], pause_behind)
            if cut is not None or not length:
                self.close_connection = True

        def _write(self, data: bytes, pause_behind: int | None) -> None:
            if pause_behind is None:
                self.wfile.write(data)
                return
            self.wfile.write(data[:pause_behind])
            self.wfile.flush()
            hung_up.wait(20)

        def log_message(self, *arguments: object) -> None:
            return

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exc_info()[1], OSError):  # clients hang up amid an answer
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        hung_up.set()
        server.shutdown()
        server.server_close()
        thread.join()


def write_certificate(path: Path, host: str) -> Path:
    """A certificate of a host that signs itself, with its key, in one file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path

"""A real HTTP server on a free port of this machine, with the manners that a test gives it."""

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Page = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def serve(
    pages: dict[str, Page], address: str = "127.0.0.1", certificate: Path | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Serve pages by path; yields the port, and the paths that were asked for with their Host headers."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']} {self.path}")
            page = pages.get(self.path.partition("?")[0])
            if page is None:
                self.send_error(404)
            else:
                page(self)

        def do_HEAD(self) -> None:
            asked.append(f"{self.headers['Host']} {self.path}")
            self.send_error(404)

        def log_message(self, *arguments: object) -> None:
            return

    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def content(data: bytes, *, length: int | None = None) -> Page:
    """A page with these bytes; `length` may lie about their number."""

    def page(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)

    return page


def redirect(target: str, status: int = 302) -> Page:
    """A page that sends elsewhere."""

    def page(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return page

"""The annotation server on a free port, and requests to it as any program might send them."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from annotation.annotate import HOST
from annotation.colours import Colours
from annotation.patch_folder import PatchFolder, Start
from annotation.query_patches import QueryPatches
from annotation.server import AnnotationServer
from products.band_roles import BandRoles
from tests.fakes.loop_thread import LoopThread

TOKEN = "a-token-of-a-test"
ROLES = BandRoles(blue=["B2"], green=["B3"], red=["B4"], nir=["B8"], swir22=["B12"])
COLOURS = Colours(
    roles=ROLES,
    pictures={"rgb": ["red", "green", "blue"], "false_colour": ["swir22", "nir", "red"]},
    percentiles=(0, 100),
)


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


@dataclass
class Served:
    """A server that runs.

    Attributes:
        address: with the token.
        port: of it.
        server: what answers.
    """

    address: str
    port: int
    server: AnnotationServer

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request with the token, unless `headers` have another; headers of None are left out."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        sent = {"X-Nadir-Token": TOKEN, **(headers or {})}
        try:
            connection.putrequest(method, path, skip_host="Host" in sent, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if body is not None and "Transfer-Encoding" not in sent and "Content-Length" not in sent:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            if body:
                connection.send(body)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()


@contextmanager
def serve(
    folder: PatchFolder | Path,
    start: Start = "known",
    *,
    port: int = 0,
    token: str = TOKEN,
    **provenance: str,
) -> Iterator[Served]:
    """Serve patches; a path is that of a query folder."""
    patches = folder if isinstance(folder, PatchFolder) else QueryPatches(folder, COLOURS)
    with LoopThread() as loop:

        async def begin() -> tuple[web.AppRunner, AnnotationServer]:
            server = AnnotationServer(patches, token, start, provenance)
            runner = web.AppRunner(server.app, access_log=None, auto_decompress=False, shutdown_timeout=1)
            await runner.setup()
            await web.TCPSite(runner, HOST, port).start()
            return runner, server

        runner, server = loop.run(begin())
        bound = runner.addresses[0][1]
        try:
            yield Served(f"http://{HOST}:{bound}/#token={token}", bound, server)
        finally:
            loop.run(runner.cleanup())

"""A really started `deepaas-run`, one for all tests of this folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from networks.trained_weights import save_super_resolver
from tests.fakes import sentinel2
from tests.fakes.http_server import Page, serve
from tests.fakes.small_resolvers import small_resolver

START_S = 120
UPLOAD_BYTES = 3_000_000


@dataclass(frozen=True)
class Server:
    """Where the server is, and where it keeps things.

    Attributes:
        model: address of our model, without the closing slash.
        work, data, runs: its folders.
        log: all it has printed.
        process: its process and process group.
        web_port, pages: a web server beside it, whose pages tests may add.
    """

    model: str
    work: Path
    data: Path
    runs: Path
    log: Path
    process: int
    web_port: int
    pages: dict[str, Page]

    def post(self, action: str, **options) -> requests.Response:
        return requests.post(f"{self.model}/{action}/", timeout=300, **options)

    def leftovers(self) -> list[str]:
        """Files of requests that are over."""
        parts = (self.work / part for part in ("uploads", "requests", "results"))
        return [path.name for part in parts for path in part.iterdir()]


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("server")
    weights = [
        save_super_resolver(root / f"{m}.safetensors", small_resolver(sentinel2.sensor(), m))
        for m in (20, 60)
    ]
    folders = {name: root / name for name in ("work", "data", "runs", "temporary")}
    for name in ("data", "runs", "temporary"):
        folders[name].mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pages: dict[str, Page] = {}
    with serve(pages) as (web_port, _), (root / "log.txt").open("wb") as log:
        variables = {
            "WORK_FOLDER": folders["work"], "DATA_FOLDER": folders["data"], "RUNS_FOLDER": folders["runs"],
            "UPLOAD_BYTES": UPLOAD_BYTES, "URL_PRIVATE_NETWORKS": "[127.0.0.1/32]", "URL_PORTS": f"[80,{web_port}]",
            "MAX_PIXELS": 40_000, "NUM_THREADS": 1, "TRAIN_GRACE_S": 5,
            "MODELS": f"{{sentinel2: [{weights[0]}, {weights[1]}]}}",
        }  # fmt: skip
        process = subprocess.Popen(
            [Path(sys.executable).with_name("deepaas-run"), "--listen-ip", "127.0.0.1", "--listen-port", str(port)],
            cwd=root, stdout=log, stderr=log, start_new_session=True,
            env={
                **os.environ,
                **{f"NADIR_SERVING_{name}": str(value) for name, value in variables.items()},
                "TMPDIR": str(folders["temporary"]),
            },
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}/v2/models"
            _wait(base, process, root / "log.txt")
            del folders["temporary"]
            yield Server(f"{base}/nadir", *folders.values(), root / "log.txt", process.pid, web_port, pages)
        finally:
            below = psutil.Process(process.pid).children(recursive=True)
            os.killpg(process.pid, signal.SIGKILL)  # it does not end by SIGTERM
            process.wait()
            # What has a process group of its own notices, and ends.
            _, alive = psutil.wait_procs(below, timeout=20)
            assert [left for left in alive if left.status() != psutil.STATUS_ZOMBIE] == []


def _wait(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            requests.get(f"{address}/", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

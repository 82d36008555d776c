"""Predictions in processes of their own that need not import torch each time: the worker's side of `nursery_process`."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from serving import child_process
from serving.guarded_process import TIMED_OUT, Ended
from serving.nursery_process import STOP
from serving.settings import settings

_STOP_S = 10  # for the nursery to end a prediction


@cache
def nursery() -> "Nursery":
    """Of this worker."""
    own = settings()
    return Nursery(own.preload, own.work, child_process.environment(own, own.work))


class Nursery:
    """Starts a nursery, and another where it has ended.

    Args:
        modules: what it imports beforehand.
        folder: where it runs.
        environment: all of its environment.
    """

    def __init__(self, modules: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-P", "-m", "serving.nursery_process", *modules]
        self._folder, self._environment = folder, dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        """The running process; it goes on importing while this returns."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        return self._process

    def run(self, folder: Path, time_s: float) -> Ended:
        """Make the prediction whose order lies in `folder`, and wait for it."""
        process = self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        status = None
        try:
            _tell(process, str(folder))
            status = _answer(process, time_s)
            if status is None:
                _tell(process, STOP)
                _answer(process, _STOP_S)
                status = TIMED_OUT
        except (BrokenPipeError, EOFError):
            status = process.wait()
        finally:
            if status is None or process.poll() is not None:  # interrupted, or gone
                self.close()
        return Ended(status, _text(folder / "out.txt"), _text(folder / "err.txt"))

    def close(self) -> None:
        """End the nursery, with the prediction that it is at."""
        process, self._process = self._process, None
        if process is None or process.stdin is None or process.stdout is None:
            return
        with process, process.stdout, suppress(BrokenPipeError):
            process.stdin.close()  # what it was told and has not read goes nowhere


def _tell(process: "subprocess.Popen[bytes]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n".encode())
    process.stdin.flush()


def _answer(process: "subprocess.Popen[bytes]", time_s: float) -> int | None:
    """The status that the nursery tells; None where it takes too long."""
    assert process.stdout is not None
    deadline, told = time.monotonic() + time_s, b""
    while not told.endswith(b"\n"):
        readable, _, _ = select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))
        if not readable:
            return None
        piece = os.read(process.stdout.fileno(), 64)
        if not piece:
            raise EOFError
        told += piece
    return int(told)


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""

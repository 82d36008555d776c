"""A command in a process group of its own that does not outlive who waits for it, however that one ends.

DEEPaaS cancels a training by killing the worker that waits for it, which then can end nothing itself. So a small
guard stands between the two (`python -m serving.guarded_process`): it starts the command, and ends the whole group
when the pipe from the worker breaks. The pipe breaks with the worker, because nobody else holds its other end.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.work_folder import in_use

TIMED_OUT = -1  # in place of an exit status


@dataclass(frozen=True)
class Ended:
    """How a command has ended: its exit status (`TIMED_OUT`: it was stopped), and all it has printed."""

    status: int
    out: str
    err: str


def run_guarded(
    command: Sequence[str], folder: Path, *, environment: Mapping[str, str], time_s: float, grace_s: float
) -> Ended:
    """Run a command in `folder` and wait for it.

    Args:
        command: program and words.
        folder: where it runs; `out.txt` and `err.txt` are written there.
        environment: all of its environment.
        time_s: after which it is stopped.
        grace_s: between asking it to stop (SIGINT) and ending it (SIGKILL).
    """
    guard = [sys.executable, "-P", "-m", "serving.guarded_process", str(grace_s), *command]
    out, err = folder / "out.txt", folder / "err.txt"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = subprocess.Popen(
            guard, cwd=folder, env=dict(environment), stdin=subprocess.PIPE, stdout=out_file, stderr=err_file,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        try:
            status = process.wait(time_s)
        except subprocess.TimeoutExpired:
            status = TIMED_OUT
        finally:
            process.stdin.close()  # the guard ends what still runs
            process.wait()
    return Ended(status, out.read_text(errors="replace"), err.read_text(errors="replace"))


def main() -> None:
    """The guard: `GRACE_S COMMAND...`; ends with the exit status of the command."""
    grace_s, command = float(sys.argv[1]), sys.argv[2:]
    with in_use(Path.cwd()):  # the folder is swept no sooner than the command has ended
        sys.exit(_guard(command, grace_s))


def _guard(command: Sequence[str], grace_s: float) -> int:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    threading.Thread(target=_watch, args=(process, grace_s), daemon=True).start()
    status = process.wait()
    _signal(process.pid, signal.SIGKILL)  # what it may have left running
    return status if status >= 0 else 128 - status


def _watch(process: "subprocess.Popen[bytes]", grace_s: float) -> None:
    while os.read(sys.stdin.fileno(), 1):
        continue  # nobody writes; reading ends when the other end is closed
    _signal(process.pid, signal.SIGINT)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        _signal(process.pid, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # it has ended in the meantime


if __name__ == "__main__":
    main()

"""A process that has imported what predictions need, and forks one for each that it is told of.

`python -m serving.nursery_process MODULE...`; a line on its standard input is the folder of a request, the answer the
exit status of its prediction. "stop" ends a prediction; when the input ends, so does all of it.

A fork of a process that has imported torch, but not used it, is as good as a new one and comes at once. Nothing that
strangers have sent is touched before the fork.
"""

import importlib
import os
import select
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from serving import prediction_process

ORDER = "order.json"  # in the folder of a request
STOP = "stop"
POLL_S = 0.01


def main() -> None:
    """Entry point."""
    for module in sys.argv[1:]:
        importlib.import_module(module)
    while line := os.read(sys.stdin.fileno(), 65536):
        folder = Path(line.decode().strip())
        if str(folder) == STOP:
            continue  # the prediction has ended in the meantime
        process = os.fork()
        if process == 0:
            _predict(folder)
        with suppress(OSError):  # it has ended already
            os.setpgid(process, process)  # the child does so too: whoever comes first
        print(_wait(process), flush=True)  # noqa: T201


def _wait(process: int) -> int:
    """Exit status of a prediction, as a shell would tell it; ends it when we are told to, or nobody waits any more."""
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], POLL_S)
        if readable:  # "stop", or the end of the input
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
            if not os.read(sys.stdin.fileno(), 65536):
                sys.exit(0)
            return 128 + signal.SIGKILL


def _predict(folder: Path) -> NoReturn:
    """Be the prediction of a request, in a process group of its own, with its files in the request's folder."""
    status = 1
    try:
        os.setpgid(0, 0)
        os.chdir(folder)
        for number, name, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, "out.txt", os.O_WRONLY),
            (2, "err.txt", os.O_WRONLY),
        ):
            handle = os.open(name, flags | (os.O_CREAT if flags else 0), 0o600)
            os.dup2(handle, number)
            os.close(handle)
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None
        prediction_process.run(Path(ORDER))
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()

"""Run folders: how they are named, what state they are in, which one is meant.

`<runs>/<experiment>/<date>_<time>-<id>/` for one job, `<runs>/<experiment>/<stamp>-sweep/job_<n>/` for the
jobs of a sweep, `RUN/tests/<stamp>/` for tests. The id is random, so two jobs started in the same second
never share a folder; all ranks of an MPI job share rank 0's stamp.
"""

import json
import os
import secrets
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from errors import UserError
from running import mpi

STAMP_VARIABLE = "NADIR_STAMP"  # read by conf/paths/default.yaml, inherited by processes of a launcher
STATUS_FILE = "status.json"
CONFIG_FILE = "config.yaml"
WAITING = "waiting"  # the state of a run that goes on when people have done their part


def stamp_launch() -> str:
    """Fix the stamp of this launch (`2026-11-21_06-30-00-3fa2c1`), the same on all MPI ranks."""
    stamp = f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{secrets.token_hex(3)}"
    stamp = mpi.broadcast(stamp)
    os.environ[STAMP_VARIABLE] = stamp
    return stamp


def write_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees either the old content or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def set_status(folder: Path, state: str, **facts: Any) -> None:
    """Record what a run is doing: `running`, `waiting`, `finished`, `interrupted` or `failed` (rank 0 writes)."""
    if mpi.rank() != 0:
        return
    record = {"state": state, "host": socket.gethostname(), "process": os.getpid(), **facts}
    record["process_started"] = psutil.Process().create_time()
    write_text(folder / STATUS_FILE, json.dumps(record, indent=2) + "\n")


def status(folder: Path) -> dict[str, Any]:
    """The record of `set_status`; `{"state": "unknown"}` where there is none."""
    path = folder / STATUS_FILE
    return json.loads(path.read_text()) if path.exists() else {"state": "unknown"}


def is_alive(folder: Path) -> bool:
    """Whether the process that last wrote the folder's status still works on it, on this host."""
    record = status(folder)
    if record["state"] != "running" or record.get("host") != socket.gethostname():
        return False
    try:
        return abs(psutil.Process(record["process"]).create_time() - record["process_started"]) < 1
    except psutil.NoSuchProcess:
        return False


def runs_below(folder: Path) -> list[Path]:
    """Run folders below `folder`, oldest first; folders of tests and the parts of a run are not runs."""
    if not folder.is_dir():
        return []
    found = {
        path.parent
        for pattern in (CONFIG_FILE, f"*/{CONFIG_FILE}", f"*/*/{CONFIG_FILE}", f"*/*/*/{CONFIG_FILE}")
        for path in folder.glob(pattern)
        if (path.parent / STATUS_FILE).exists() and path.parent.parent.name != "tests"
    }
    # Fits of a study and rounds of active learning are no jobs that somebody started.
    runs = [path for path in found if found.isdisjoint(path.parents)]
    return sorted(runs, key=lambda path: (path.stat().st_ctime, path.name))


def last_run(folder: Path, unfinished: bool = False) -> Path | None:
    """The newest run below `folder`; with `unfinished`, the newest that neither finished nor still works."""
    runs = runs_below(folder)
    if unfinished:
        runs = [run for run in runs if status(run)["state"] != "finished" and not is_alive(run)]
    return max(runs, key=_time_begun, default=None)


def runs_of(folder: Path) -> list[Path]:
    """The run that `folder` is, or the runs of the sweep that it holds, in the order of their numbers.

    Raises:
        UserError: the folder is missing, or neither a run nor a folder of runs.
    """
    if not folder.is_dir():
        raise UserError(f"run={folder}: there is no such folder; expected the folder of a run or of a sweep")
    if (folder / CONFIG_FILE).exists():
        return [folder]
    jobs = sorted(
        (path for path in folder.iterdir() if (path / CONFIG_FILE).exists() and path.name != "tests"),
        key=lambda path: (len(path.name), path.name),
    )
    if not jobs:
        raise UserError(
            f"run={folder}: no {CONFIG_FILE} in it or in its sub-folders; expected a run or a sweep"
        )
    return jobs


def checkpoint_of(run: Path, which: str = "best") -> Path:
    """Path of the `best` or `last` checkpoint of a run; `best` falls back on `last` where no validation ran.

    Of a constellation it is the ground model; where no exchange made one, the model of its only satellite.

    Raises:
        UserError: the run has no such checkpoint.
    """
    folder = run / "checkpoints"
    paths = [folder / f"{name}.ckpt" for name in ([which, "last"] if which == "best" else [which])]
    paths.append(run / "ground" / "model.ckpt")
    satellites = sorted(run.glob("satellite_*"))
    if len(satellites) == 1:
        paths.append(satellites[0] / "checkpoints" / "last.ckpt")
    for path in paths:
        if path.exists():
            return path
    if satellites:
        raise UserError(
            f"run={run}: no exchange made a ground model (ground/model.ckpt); give one satellite's with "
            f"ckpt_path={satellites[0]}/checkpoints/last.ckpt"
        )
    found = sorted(path.name for path in folder.glob("*.ckpt")) if folder.is_dir() else []
    raise UserError(
        f"run={run}: expected checkpoints/{which}.ckpt, found {', '.join(found) if found else 'no checkpoint'}"
    )


def _time_begun(run: Path) -> tuple[str, int, str]:
    # The stamp is in the name of the run or, for a job of a sweep, of its parent; it sorts by time.
    stamp = run.parent.name if run.name.startswith("job_") else run.name
    return stamp, len(run.name), run.name

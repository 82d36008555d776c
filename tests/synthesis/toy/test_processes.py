import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from errors import UserError
from synthesis.toy.processes import available_cores, do_jobs


def touch(path: Path) -> None:
    path.write_text("done")


def fail_or_sleep(path: Path) -> None:
    if path.name == "bad":
        raise UserError("bad is no job: expected another")
    time.sleep(60)


@pytest.mark.parametrize("num_workers", [1, 2])
def test_every_job_is_done_and_told(tmp_path: Path, num_workers: int) -> None:
    jobs = [tmp_path / str(number) for number in range(4)]
    told: list[Path] = []
    do_jobs(touch, jobs, num_workers, told.append)
    assert sorted(told) == jobs
    assert sorted(tmp_path.iterdir()) == jobs


def test_after_an_error_nothing_runs_on(tmp_path: Path) -> None:
    before, start = active_children(), time.monotonic()
    with pytest.raises(UserError, match="bad is no job"):
        do_jobs(fail_or_sleep, [tmp_path / "bad", tmp_path / "good"], 2, print)
    assert active_children() == before
    assert time.monotonic() - start < 50


def test_ctrl_c_ends_the_processes(tmp_path: Path) -> None:
    def interrupt(job: Path) -> None:
        raise KeyboardInterrupt

    before = active_children()
    with pytest.raises(KeyboardInterrupt):
        do_jobs(touch, [tmp_path / "a", tmp_path / "b"], 2, interrupt)
    assert active_children() == before


def start_dataset(repository: Path, output: Path) -> subprocess.Popen:
    """Twelve published scenes in two processes."""
    words = ("generator=toy_dataset", f"output={output}", "num_scenes=12", "num_workers=2", "progress=false")
    return subprocess.Popen(
        [sys.executable, "generate.py", *words], cwd=repository, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_frames(output: Path) -> None:
    deadline = time.monotonic() + 120
    while not list(output.glob("*/sar/frames/frame_9.h5")) and time.monotonic() < deadline:
        time.sleep(0.02)


def processes_of(group: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it has ended meanwhile
            continue
        if int(of_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


def test_ctrl_c_ends_all_processes_and_leaves_nothing_half_written(repository: Path, tmp_path: Path) -> None:
    output = tmp_path / "dataset"
    process = start_dataset(repository, output)
    wait_for_frames(output)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.strip() == "nadir: interrupted"
    assert list(output.glob("*/*/frames/*.h5"))
    assert not list(output.glob("**/.*.partial"))
    assert not (output / "manifest.json").exists()


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="reads /proc")
def test_processes_end_with_a_parent_that_is_killed(repository: Path, tmp_path: Path) -> None:
    output = tmp_path / "dataset"
    process = start_dataset(repository, output)
    wait_for_frames(output)
    process.kill()
    process.wait(timeout=60)
    deadline = time.monotonic() + 30
    while processes_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(process.pid) == []


def test_there_is_a_core() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)

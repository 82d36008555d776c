import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from errors import UserError
from synthesis.toy.processes import do_jobs


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

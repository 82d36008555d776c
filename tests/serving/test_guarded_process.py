import os
import subprocess
import sys
import time

import psutil
import pytest

from serving.guarded_process import TIMED_OUT, run_guarded

WAIT_S = 20


def wait_until(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_status_and_what_was_printed(tmp_path):
    code = "import os, sys; print(os.getcwd()); print('no', file=sys.stderr); sys.exit(3)"
    ended = run_guarded([sys.executable, "-c", code], tmp_path, environment=os.environ, time_s=30, grace_s=0)
    assert (ended.status, ended.out.strip(), ended.err.strip()) == (3, str(tmp_path), "no")


def test_a_crash_is_a_status(tmp_path):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    ended = run_guarded([sys.executable, "-c", code], tmp_path, environment=os.environ, time_s=30, grace_s=0)
    assert ended.status == 139


@pytest.mark.parametrize("deaf", [False, True])
def test_out_of_time_all_of_its_group_ends(tmp_path, deaf):
    trap = "trap '' INT; " if deaf else ""
    command = ["bash", "-c", f"{trap}sleep 600 & echo $! > child; sleep 600"]
    ended = run_guarded(command, tmp_path, environment=os.environ, time_s=0.5, grace_s=0.2)
    assert ended.status == TIMED_OUT
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not psutil.pid_exists(child))


def test_it_ends_with_who_waits_for_it_even_when_that_one_is_killed(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from serving.guarded_process import run_guarded\n"
        "run_guarded(['bash', '-c', 'echo $$ > group; sleep 600'], Path(sys.argv[1]), environment=os.environ,"
        " time_s=600, grace_s=0.2)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    group = tmp_path / "group"
    wait_until(lambda: group.exists() and group.read_text().strip())
    worker.kill()
    worker.wait()
    wait_until(lambda: not psutil.pid_exists(int(group.read_text())))

import json
import os
import time

import psutil
import pytest

from serving.guarded_process import TIMED_OUT
from serving.nursery import Nursery
from serving.nursery_process import ORDER

# What stands in for a prediction: a module that the nursery imports beforehand puts it in the place of the real one.
MODULE = """
import json, os, signal, sys, tempfile, time
from serving import prediction_process

def run(file):
    order = json.loads(file.read_text())
    print(os.getcwd(), tempfile.gettempdir(), os.getpgid(0) == os.getpid())
    if order == "sentence":
        print("nadir: a sentence", file=sys.stderr)
        sys.exit(1)
    if order == "bug":
        raise RuntimeError("a bug")
    if order == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if order == "long":
        open("process", "w").write(str(os.getpid()))
        time.sleep(600)

prediction_process.run = run
"""


@pytest.fixture
def nursery(tmp_path):
    (tmp_path / "stand_in.py").write_text(MODULE)
    made = Nursery(["stand_in"], tmp_path, {**os.environ, "PYTHONPATH": str(tmp_path)})
    yield made
    made.close()


@pytest.fixture
def request_of(tmp_path):
    def make(order):
        folder = tmp_path / order
        folder.mkdir()
        (folder / ORDER).write_text(json.dumps(order))
        return folder

    return make


def is_alive(process):
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_after_the_other_each_in_its_folder_and_process_group(nursery, request_of):
    process = nursery.start().pid
    for order in ("one", "two"):
        folder = request_of(order)
        ended = nursery.run(folder, 30)
        assert (ended.status, ended.err) == (0, "")
        assert ended.out == f"{folder} {folder} True\n"
    assert nursery.start().pid == process


def test_failures_are_told_as_a_shell_would(nursery, request_of):
    ended = nursery.run(request_of("sentence"), 30)
    assert (ended.status, ended.err) == (1, "nadir: a sentence\n")
    ended = nursery.run(request_of("bug"), 30)
    assert ended.status == 1
    assert ended.err.startswith("Traceback")
    assert nursery.run(request_of("crash"), 30).status == 139
    assert nursery.run(request_of("one"), 30).status == 0


def test_what_takes_too_long_is_ended_and_the_next_is_made(nursery, request_of):
    nursery.run(request_of("one"), 30)
    folder = request_of("long")
    assert nursery.run(folder, 0.5).status == TIMED_OUT
    process = int((folder / "process").read_text())
    wait_until(lambda: not is_alive(process))
    assert nursery.run(request_of("two"), 30).status == 0


def test_it_ends_with_the_worker(nursery, request_of):
    process = nursery.start()
    folder = request_of("long")
    process.stdin.write(f"{folder}\n".encode())
    process.stdin.flush()
    wait_until(lambda: (folder / "process").exists() and (folder / "process").read_text())
    process.stdin.close()  # as the kernel does for a worker that was killed
    assert process.wait(20) == 0
    wait_until(lambda: not is_alive(int((folder / "process").read_text())))


def test_another_is_started_where_it_has_ended(nursery, request_of):
    nursery.start().kill()
    nursery.start().wait()
    assert nursery.run(request_of("one"), 30).status == 0

import os
import subprocess
import sys
import time

import pytest

from errors import UserError
from serving import work_folder


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    work_folder.prepare(folder)
    return folder


def age(path):
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))


def test_nobody_else_reads_it(work):
    assert [folder.stat().st_mode & 0o777 for folder in (work, work / "uploads", work / "results")] == [
        0o700
    ] * 3
    work_folder.prepare(work)


def test_a_link_is_not_taken_for_it(tmp_path, work):
    (tmp_path / "link").symlink_to(work)
    with pytest.raises(UserError, match="found a link"):
        work_folder.prepare(tmp_path / "link")


def test_a_request_leaves_nothing_even_when_it_fails(work):
    with pytest.raises(RuntimeError), work_folder.request_folder(work) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("x")
        raise RuntimeError
    assert list((work / "requests").iterdir()) == []


def test_an_upload_is_there_as_long_as_its_request(work):
    with work_folder.upload_file(work) as file:
        file.write_text("x")
        assert work_folder.sweep(work) == []
        file.rename(work / "requests" / "taken")  # as a worker does
    assert list((work / "uploads").iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_nothing_else(work):
    in_use = (
        "import sys, time; from pathlib import Path; from serving import work_folder\n"
        "with work_folder.request_folder(Path(sys.argv[1])) as folder:\n"
        "    print(folder, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", in_use, str(work)], stdout=subprocess.PIPE, text=True)
    folder = work / "requests" / os.path.basename(process.stdout.readline().strip())  # noqa: PTH119
    left = work / "results" / "left.tif"
    left.write_text("x")
    young = work / "results" / "young"
    young.write_text("x")
    age(left)
    try:
        assert work_folder.sweep(work) == [left]
        assert young.exists()
        assert folder.exists()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert work_folder.sweep(work) == [folder]
    assert not folder.exists()

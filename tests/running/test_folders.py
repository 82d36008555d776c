import json
import os

import pytest

from errors import UserError
from running import folders


def make_run(path, state="finished"):
    path.mkdir(parents=True)
    (path / folders.CONFIG_FILE).write_text("seed: 1\n")
    (path / folders.STATUS_FILE).write_text(json.dumps({"state": state, "host": "elsewhere"}))
    return path


def test_stamps_of_the_same_second_differ(monkeypatch):
    monkeypatch.setenv(folders.STAMP_VARIABLE, "")
    stamps = {folders.stamp_launch() for _ in range(20)}
    assert len(stamps) == 20
    assert os.environ[folders.STAMP_VARIABLE] in stamps
    assert not any("=" in stamp or " " in stamp for stamp in stamps)


def test_last_run_by_stamp_and_state(tmp_path):
    root = tmp_path / "experiment"
    make_run(root / "2026-01-02_00-00-00-aaaaaa", "interrupted")
    newest = make_run(root / "2026-01-03_00-00-00-aaaaaa")
    make_run(newest / "tests" / "2026-01-04_00-00-00-aaaaaa")
    assert folders.last_run(root) == newest
    assert folders.last_run(root, unfinished=True).name == "2026-01-02_00-00-00-aaaaaa"
    assert folders.last_run(tmp_path / "nothing") is None


def test_parts_of_a_run_are_no_runs(tmp_path):
    run = make_run(tmp_path / "2026-01-02_00-00-00-aaaaaa", folders.WAITING)
    make_run(run / "round_0", "interrupted")
    make_run(run / "seed_1" / "random", "running")
    assert folders.last_run(tmp_path, unfinished=True) == run
    assert folders.last_run(run / "seed_1") == run / "seed_1" / "random"


def test_jobs_of_a_sweep_come_in_order(tmp_path):
    sweep = tmp_path / "2026-01-02_00-00-00-aaaaaa-sweep"
    for number in (10, 2, 0):
        make_run(sweep / f"job_{number}")
    assert [run.name for run in folders.runs_of(sweep)] == ["job_0", "job_2", "job_10"]
    assert folders.last_run(tmp_path).name == "job_10"


def test_a_working_process_is_not_unfinished(tmp_path):
    run = make_run(tmp_path / "runs" / "2026-01-02_00-00-00-aaaaaa")
    folders.set_status(run, "running")
    assert folders.is_alive(run)
    assert folders.last_run(tmp_path / "runs", unfinished=True) is None
    record = folders.status(run) | {"process_started": 0.0}
    (run / folders.STATUS_FILE).write_text(json.dumps(record))
    assert folders.last_run(tmp_path / "runs", unfinished=True) == run


def test_missing_things_are_named(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        folders.runs_of(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"config\.yaml"):
        folders.runs_of(tmp_path)
    run = make_run(tmp_path / "run")
    with pytest.raises(UserError, match="found no checkpoint"):
        folders.checkpoint_of(run)
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "last.ckpt").touch()
    assert folders.checkpoint_of(run, "best").name == "last.ckpt"


def test_text_is_replaced_at_once(tmp_path):
    folders.write_text(tmp_path / "a" / "b.txt", "one")
    folders.write_text(tmp_path / "a" / "b.txt", "two")
    assert (tmp_path / "a" / "b.txt").read_text() == "two"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]

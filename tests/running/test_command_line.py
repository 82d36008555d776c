from pathlib import Path

import pytest

from running.command_line import parse, plain, quoted, read


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("data.root=/a/plain/path", "/a/plain/path"),
        ("data.root=/a/b (copy)/c", "/a/b (copy)/c"),
        ("data.root=/a/lr=0.1/c", "/a/lr=0.1/c"),
        ("data.root=it's here", "it's here"),
        ("data.root='/already quoted=1'", "/already quoted=1"),
        ("model.quality=3", 3),
        ("run=[a,b]", ["a", "b"]),
    ],
)
def test_values_survive_the_grammar(word, value):
    assert plain(parse(quoted(word)).value()) == value


def test_existing_path_with_a_comma_is_not_a_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a,b").mkdir()
    assert not parse(quoted("data.root=a,b")).is_sweep_override()
    assert parse(quoted("model.quality=1,2")).is_sweep_override()


def test_flags_and_overrides_are_told_apart():
    line = read(["-m", "model.quality=1,2", "--cfg", "job", "seed=1"])
    assert line.flags == ["-m", "--cfg", "job"]
    assert line.overrides == ["model.quality=1,2", "seed=1"]
    assert line.multirun
    assert line.only_asks
    assert not read(["-m", "seed=1,2"]).only_asks


def test_value_is_the_last_one_given_and_without_removes_it():
    line = read(["seed=1", "seed=2", "run=[x,y]"])
    assert line.value("seed") == 2
    assert line.value("run") == ["x", "y"]
    assert line.value("resume") is None
    assert line.without("seed").overrides == ["run=[x,y]"]
    assert line.has("run")
    assert not line.has("ru")

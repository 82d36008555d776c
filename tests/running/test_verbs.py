import pytest

from errors import UserError
from running import command_line, folders, verbs


@pytest.fixture(autouse=True)
def stamp(monkeypatch):
    monkeypatch.setenv(folders.STAMP_VARIABLE, "2026-01-01_00-00-00-abcdef")


def prepared(verb, *words):
    name, line = verbs.prepare(verb, command_line.read(list(words)))
    return name, line.overrides


def test_short_forms_of_generators_and_tasks():
    assert prepared("generate", "num_frames=5", "output=x", "generator.seed=1", "paths.runs=r") == (
        "generate",
        ["generator.num_frames=5", "output=x", "generator.seed=1", "paths.runs=r"],
    )


def test_a_generator_may_have_a_key_that_is_a_group_of_another_verb():
    words = prepared("generate", "generator=toy_dataset", "task=super_resolution", "output=x")[1]
    assert words == ["generator=toy_dataset", "generator.task=super_resolution", "output=x"]


def test_train_composes_from_the_catalogue_unless_resumed(tmp_path):
    assert prepared("train", "seed=1") == ("train", ["seed=1"])
    name, words = prepared("train", "resume=auto", f"paths.runs={tmp_path}")
    assert (name, words) == ("train", [f"paths.runs={tmp_path}"])
    with pytest.raises(UserError, match="cannot be combined with -m"):
        prepared("train", "-m", "resume=auto")


def test_a_question_needs_no_run():
    assert verbs.prepare("test", command_line.read(["--cfg", "job"]))[0] == "test"


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(UserError, match="no run below"):
        prepared("test", f"paths.runs={tmp_path}")
    with pytest.raises(UserError, match="there is no such folder"):
        prepared("predict", f"run={tmp_path}/nowhere")


def test_short_forms_of_the_task_that_a_run_asks_for(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("model: {predict_task: translate}\n")
    words = prepared("predict", f"run={run}", "layout=compact", "input=x")[1]
    assert words == [f"run={run}", "task.layout=compact", "input=x", "task=translate"]


def test_a_test_on_other_products_needs_none_of_the_training(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "there.mat").touch()
    (run / "config.yaml").write_text(f"data: {{train: [{tmp_path}/gone.mat], val: null, test: null}}\n")
    words = prepared("test", f"run={run}", "data.test=[x.mat]")[1]
    assert {"data.train=null", "data.val=null"} <= set(words)
    assert "gone.mat of the training is not here" in capsys.readouterr().out
    (run / "config.yaml").write_text(f"data: {{train: [{tmp_path}/there.mat], val: null, test: null}}\n")
    assert "data.train=null" not in prepared("test", f"run={run}", "data.test=[x.mat]")[1]


def test_a_task_without_a_network_needs_no_run(tmp_path):
    words = prepared("predict", "task=compare", "masks=m", "input=x", f"paths.runs={tmp_path}")
    assert words == (
        "predict", ["task=compare", "task.masks=m", "input=x", f"paths.runs={tmp_path}"],
    )  # fmt: skip
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("model: {predict_task: segment}\n")
    assert prepared("predict", "task=compare", f"run={run}")[0] == "saved_predict"  # its classes are wanted


def test_a_test_on_other_images_tests_all_of_them(tmp_path, capsys):
    run, other = tmp_path / "run", tmp_path / "other"
    run.mkdir()
    other.mkdir()
    (run / "config.yaml").write_text(f"data: {{images: {tmp_path}/here, test_on: test}}\n")
    assert "data.test_on=all" in prepared("test", f"run={run}", f"data.images={other}")[1]
    assert "data.images is another place" in capsys.readouterr().out
    assert "data.test_on=all" not in prepared("test", f"run={run}", f"data.images={tmp_path}/here")[1]
    assert (
        "data.test_on=all"
        not in prepared("test", f"run={run}", f"data.images=[{other}]", "data.test_on=test")[1]
    )

import json

from omegaconf import OmegaConf

from running.run_record import begin_record


def test_a_resumed_run_adds_its_launch(tmp_path):
    config = OmegaConf.create({"seed": 3, "resume": "auto", "data": {"seed": "${seed}"}})
    begin_record(tmp_path, config, ["seed=3"])
    begin_record(tmp_path, config, ["resume=auto"])
    saved = OmegaConf.load(tmp_path / "config.yaml")
    assert "resume" not in saved  # of the call, not of the run
    assert OmegaConf.is_interpolation(saved.data, "seed")
    assert OmegaConf.load(tmp_path / "config_resolved.yaml").data.seed == 3
    assert OmegaConf.load(tmp_path / "overrides.yaml") == [["seed=3"], ["resume=auto"]]
    assert json.loads((tmp_path / "provenance.json").read_text())["seed"] == 3
    assert json.loads((tmp_path / "status.json").read_text())["state"] == "running"

import torch
from omegaconf import OmegaConf

from callbacks.provenance import ConfigInCheckpoint
from tests.fakes.line import fit_line


def test_a_checkpoint_carries_config_and_data_as_plain_values(tmp_path):
    config = OmegaConf.create({"seed": 1, "data": {"seed": "${seed}"}})
    trainer = fit_line([ConfigInCheckpoint(config, {"bands": ["red"], "value_range": [0.0, 255.0]})])
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    record = torch.load(tmp_path / "a.ckpt", weights_only=True)["nadir"]
    assert record["config"] == {"seed": 1, "data": {"seed": "${seed}"}}
    assert record["data_specification"]["bands"] == ["red"]

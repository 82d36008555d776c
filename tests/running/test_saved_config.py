import pytest
import torch
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from errors import UserError
from running import saved_config


@pytest.fixture
def saved():
    with initialize_config_module("conf", version_base="1.3"):
        return compose(
            "train", ["data=image_folder", "data.root=x", "seed=5", "model.quality=2", "test=false"]
        )


def composed(name, *words):
    with initialize_config_module("conf", version_base="1.3"):
        return compose(name, list(words))


def test_saved_values_win_over_the_catalogue(saved):
    saved_config.register("t1", saved, "train")
    config = composed("t1")
    assert (config.seed, config.test, config.data.root, config.model.quality) == (5, False, "x", 2)


def test_values_and_groups_can_be_laid_over(saved):
    saved_config.register("t2", saved, "test")
    config = composed("t2", "data.root=y", "model=compression_licos", "codec=jpeg", "+logger.x=1")
    assert config.data.root == "y"
    assert config.model.network == "bmshj2018-factorized"
    assert set(config.codec) == {"jpeg"}
    assert config.checkpoint == "best"


def test_interpolations_stay_alive(saved):
    saved_config.register("t3", saved, "test")
    assert composed("t3", "seed=9").data.seed == 9


def test_unreadable_configs_are_named(tmp_path):
    with pytest.raises(UserError, match=r"found no config\.yaml"):
        saved_config.read_config(tmp_path)
    (tmp_path / "config.yaml").write_text("- a\n")
    with pytest.raises(UserError, match="found a list"):
        saved_config.read_config(tmp_path)
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")
    with pytest.raises(UserError, match="without a config"):
        saved_config.config_in_checkpoint(tmp_path / "foreign.ckpt")


def test_a_config_survives_its_file(saved, tmp_path):
    (tmp_path / "config.yaml").write_text(OmegaConf.to_yaml(saved))
    assert saved_config.read_config(tmp_path) == saved

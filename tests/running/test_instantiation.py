import pytest
from omegaconf import OmegaConf

from errors import UserError
from running.instantiation import instantiate, instantiate_all


def test_builds_and_leaves_reserved_keys_out():
    node = OmegaConf.create(
        {"_target_": "torch.nn.Linear", "in_features": 2, "out_features": 3, "preflight": {"x": 1}}
    )
    assert instantiate(node).weight.shape == (3, 2)


@pytest.mark.parametrize("target", ["os.system", "builtins.eval", "subprocess.run", "shutil.rmtree"])
def test_nothing_outside_the_catalogue_is_called(target):
    with pytest.raises(UserError, match="is not allowed"):
        instantiate(OmegaConf.create({"_target_": "torch.nn.Sequential", "x": [{"_target_": target}]}))


def test_empty_entries_are_left_out():
    node = OmegaConf.create({"a": None, "b": {"_target_": "torch.nn.ReLU"}, "c": {"x": 1}})
    assert [type(item).__name__ for item in instantiate_all(node)] == ["ReLU"]
    assert instantiate_all(None) == []

import pickle

import pytest
import torch

from errors import UserError
from running.checkpoint_io import AtomicCheckpointIO, load_checkpoint


def test_round_trip_leaves_one_file(tmp_path):
    path = tmp_path / "checkpoints" / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint(
        {"state_dict": {"w": torch.ones(2)}, "nadir": {"config": {"a": [1]}}}, path
    )
    assert load_checkpoint(path)["state_dict"]["w"].tolist() == [1, 1]
    assert [entry.name for entry in path.parent.iterdir()] == ["last.ckpt"]


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"w": torch.ones(2)}}, path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        AtomicCheckpointIO().save_checkpoint({"state_dict": {}, "bad": lambda: 0}, path)
    assert load_checkpoint(path)["state_dict"]["w"].tolist() == [1, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.ckpt"]


class Surprise:
    def __reduce__(self):
        return (print, ("executed",))


def test_objects_are_never_executed(tmp_path, capsys):
    torch.save({"state_dict": {}, "x": Surprise()}, tmp_path / "evil.ckpt")
    with pytest.raises(UserError, match="never loaded"):
        load_checkpoint(tmp_path / "evil.ckpt")
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half"])
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / "broken.ckpt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.ckpt"):
        load_checkpoint(path)


def test_cut_checkpoint_and_missing_one(tmp_path):
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": {"w": torch.ones(1000)}}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match=r"a\.ckpt"):
        load_checkpoint(path)
    with pytest.raises(UserError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "b.ckpt")

"""Weights files: tensors come out, everything else is one sentence."""

import os
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from errors import UserError
from networks.checkpoint_tensors import read_checkpoint, read_content


def test_tensors_and_plain_settings(tmp_path: Path) -> None:
    tensors = {"a.weight": torch.arange(6.0).view(2, 3), "b": torch.tensor(1)}
    torch.save({"state_dict": tensors, "hyper_parameters": {"lr": 0.1, "x": [1]}}, tmp_path / "c.ckpt")
    torch.save(tensors, tmp_path / "c.pt")
    save_file(tensors, tmp_path / "c.safetensors")
    for name, settings in (("c.ckpt", {"lr": 0.1}), ("c.pt", {}), ("c.safetensors", {})):
        found, plain = read_checkpoint(tmp_path / name)
        assert found.keys() == tensors.keys() and all(
            torch.equal(found[key], tensors[key]) for key in tensors
        )
        assert plain == settings


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harmed",)


class Builtin:
    def __reduce__(self) -> tuple[Any, ...]:
        return eval, ("open('harmed', 'w').close()",)


@pytest.mark.parametrize("harmful", [Harmful(), Builtin()])
def test_code_in_a_file_is_not_run(tmp_path: Path, harmful: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.ones(1), "other": harmful}, "w.pt")
    try:
        tensors, _ = read_checkpoint("w.pt")
        assert list(tensors) == ["weight"]
    except UserError as error:
        assert "holds what is never loaded" in str(error)
    assert not Path("harmed").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file; expected weights of a test"),
        (b"", "not a readable file of weights"),
        (b"PK\x03\x04 broken", "not a readable file of weights"),
        (b"\x89HDF\r\n\x1a\n", "not a readable file of weights"),
        (pickle.dumps({"a": 1}), "not a readable file of weights"),
        ("truncated", "not a readable file of weights"),
        ("plain", "found no tensors by name"),
        ("list", "found no tensors by name"),
    ],
)
def test_what_is_no_weights_file(tmp_path: Path, content: Any, words: str) -> None:
    path = tmp_path / "w.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "truncated":
        torch.save({"a": torch.rand(1000)}, path)
        path.write_bytes(path.read_bytes()[:1500])
    elif content is not None:
        torch.save({"epoch": 3} if content == "plain" else [torch.ones(2)], path)
    with pytest.raises(UserError, match=re.escape(words)) as caught:
        read_checkpoint(path, "weights of a test")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_damaged_safetensors_file(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00 nothing")
    with pytest.raises(UserError, match="not a readable file of weights"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04", b"\x80\x02", b"\x80\x02c", b"x" * 100])
def test_a_few_bytes_are_one_sentence(tmp_path, content):
    path = tmp_path / "short.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"short.pth: .*expected weights"):
        read_content(path)

"""Tensors out of weights files of anybody: nothing else in them is ever built or run."""

import pickle
import struct
import warnings
import zipfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from errors import UserError

_DICTIONARY = ".AttributeDict"  # Lightning's class of hyper-parameters
_UNREADABLE = (
    pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, zipfile.BadZipFile, ValueError, KeyError, IndexError,
    AttributeError, TypeError, AssertionError, OSError, OverflowError, struct.error,
)  # fmt: skip


class _Inert:
    """Takes the place of any object in a file that is no tensor: it is made of nothing and does nothing."""

    def __new__(cls, *_arguments: Any) -> "_Inert":
        return super().__new__(cls)

    def __init__(self, *_arguments: Any) -> None:
        """Whatever it was made of is forgotten."""

    def __setstate__(self, _state: Any) -> None:
        """Its content too."""


def read_checkpoint(path: str | Path, expected: str = "weights") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file by name, and the plain values among its hyper-parameters.

    A state dict, or a checkpoint with one under `state_dict`, that `torch.save` wrote, or `.safetensors`. Objects that are
    neither tensors nor plain values (arrays, paths, the state of callbacks) are not built, whatever class they name.

    Args:
        path: the file.
        expected: what messages say should have come.

    Raises:
        UserError: no such file, not a readable one, or one without tensors.
    """
    content = read_content(path, expected)
    settings: Any = {}
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        settings, content = content.get("hyper_parameters"), content["state_dict"]
    named = content if isinstance(content, dict) else {}
    tensors = {str(name): value for name, value in named.items() if isinstance(value, Tensor)}
    if not tensors:
        raise UserError(f"{path}: found no tensors by name, expected {expected}")
    plain = settings if isinstance(settings, dict) else {}
    return tensors, {str(k): v for k, v in plain.items() if isinstance(v, bool | int | float | str)}


def read_content(path: str | Path, expected: str = "weights") -> Any:
    """All that a file of weights holds, with inert stand-ins for what is neither a tensor nor a plain value.

    Args:
        path: `.safetensors`, or a file that `torch.save` wrote.
        expected: what messages say should have come.

    Raises:
        UserError: no such file, or not a readable one.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; expected {expected}")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(), _stand_ins(path):
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            return torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        if isinstance(error, pickle.UnpicklingError):
            reason = "it is damaged, or holds what is never loaded"
        raise UserError(f"{path}: not a readable file of weights ({reason}); expected {expected}") from error


def _stand_ins(path: Path) -> AbstractContextManager[Any]:
    """Inert classes for all that the file names and torch does not know as harmless."""
    if not zipfile.is_zipfile(path):  # the layout of torch before 1.6: tensors and plain values only
        return nullcontext()
    unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    inert: list[Any] = [
        (dict if name.endswith(_DICTIONARY) else _Inert, name)  # torch fills no other class with items
        for name in unknown
    ]
    return torch.serialization.safe_globals(inert)

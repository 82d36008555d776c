"""Reading and writing checkpoints: safe (`weights_only=True`) and never half-written."""

import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import CheckpointIO

from errors import UserError


def load_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Content of a checkpoint, tensors and plain Python values only.

    Raises:
        UserError: no such file, not a checkpoint, cut short, or holding anything but tensors and plain values.
    """
    try:
        content = torch.load(path, map_location=map_location, weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such checkpoint") from error
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        IndexError,
        struct.error,
    ) as error:
        raise UserError(f"{path}: not a readable checkpoint ({_reason(error)})") from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise UserError(f"{path}: found no 'state_dict' in it, expected a checkpoint written by train.py")
    return content


def _reason(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError):
        return "it is damaged, or holds objects other than tensors and plain values, which are never loaded"
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class AtomicCheckpointIO(CheckpointIO):
    """Writes to a temporary name and renames, so that a killed run never leaves a broken checkpoint."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Save; the old file of that name, if any, stays whole until the new one is complete."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Load with `weights_only=True`, whatever was asked for."""
        return load_checkpoint(Path(path), map_location or "cpu")

    def remove_checkpoint(self, path: Any) -> None:
        """Delete a checkpoint if it is there."""
        Path(path).unlink(missing_ok=True)

"""Models as files: run folders, or weights files as `networks.trained_weights` writes them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from omegaconf import OmegaConf
from safetensors import SafetensorError, safe_open

from errors import UserError
from running.saved_config import read_config
from serving.prediction_process import quoted


def target_of(model: Path) -> int:
    """Ground sample distance (m) of the bands that a model sharpens.

    Raises:
        UserError: it is neither a run nor a weights file of super-resolution.
    """
    if model.is_dir():
        target = OmegaConf.select(read_config(model), "data.target_m")
        if isinstance(target, int):
            return target
    elif model.is_file():
        try:
            with safe_open(model, framework="numpy") as file:
                return max(map(int, json.loads((file.metadata() or {})["bands"])))
        except (SafetensorError, KeyError, ValueError) as error:
            raise UserError(f"{model}: not one of our weights files") from error
    raise UserError(f"{model}: found no run folder or weights file of super-resolution")


def words_of(sensor: str, models: Sequence[Path]) -> Iterator[str]:
    """The words of `predict.py` that choose these models.

    Raises:
        UserError: runs and weights files together.
    """
    listed = f"[{','.join(map(quoted, models))}]"
    if all(model.is_dir() for model in models):
        yield f"run={listed}"
    elif any(model.is_dir() for model in models):
        raise UserError(f"models of {sensor}: found runs and weights files, expected one of the two")
    else:
        yield f"sensor={sensor}"
        yield f"weights={listed}"

"""The networks of a CycleGAN that `train.py` trained, out of its checkpoint alone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor

from errors import UserError
from networks.patchgan import PatchGAN
from networks.segnet_checkpoint import load_exactly
from networks.translation import Translator, build_translator, plain

EXPECTED = "a checkpoint of CycleGAN written by train.py, or the folder of such a run"
FORTH, BACK = "network", "back_network"  # A -> B and B -> A, e.g. masks -> clouds and clouds -> masks
_CHECKPOINTS = {
    "best": ("checkpoints/best.ckpt", "checkpoints/last.ckpt", "ground/model.ckpt"),
    "last": ("checkpoints/last.ckpt", "ground/model.ckpt"),
}
_OWN = "nadir"  # where our checkpoints keep their config


def checkpoint_of(run: Path, expected: str = EXPECTED, which: str = "best") -> Path:
    """The checkpoint of a run's folder: the best, else the last, else that of its ground station.

    Raises:
        UserError: it has none.
    """
    names = _CHECKPOINTS[which]
    for name in names:
        if (run / name).is_file():
            return run / name
    raise UserError(f"{run}: found none of {', '.join(names)} in this folder, expected {expected}")


def translator_of(
    content: Mapping[str, Any], path: Path, expected: str = EXPECTED, direction: str = FORTH
) -> Translator:
    """A direction of a checkpoint, built as its own config says, in evaluation mode, without gradients.

    Args:
        content: of the checkpoint, see `networks.checkpoint_tensors.read_content`.
        path, expected: for messages.
        direction: `FORTH` or `BACK`.

    Raises:
        UserError: not one of ours, or one of another model.
    """
    tensors, model = _tensors(content, f"{direction}.", path, expected), _model(content, path, expected)
    with _as_another_model(path, expected), torch.device("meta"):
        bands = [model["in_channels"], model["out_channels"]]
        first, last = bands if direction == FORTH else bands[::-1]
        translator = build_translator(
            model["network"],
            first,
            last,
            model["network_options"],
            recurrent=bool(model.get("recurrent", False)),
            residual=bool(model.get("residual", False)),
        )
    load_exactly(translator, tensors, path)
    return translator


def discriminator_of_run(
    content: Mapping[str, Any], path: Path, direction: str, expected: str = EXPECTED
) -> PatchGAN:
    """The discriminator of a direction of a checkpoint: `ab` judges images of B, `ba` those of A.

    Raises:
        UserError: not one of ours, or one of another model.
    """
    tensors = _tensors(content, f"discriminators.networks.{direction}.", path, expected)
    model = _model(content, path, expected)
    with _as_another_model(path, expected), torch.device("meta"):
        options = plain(model["discriminator_options"] or {})
        discriminator = PatchGAN(tensors["model.0.weight"].shape[1], **options)
    load_exactly(discriminator, tensors, path)
    return discriminator


def _tensors(content: Mapping[str, Any], prefix: str, path: Path, expected: str) -> dict[str, Tensor]:
    state = content.get("state_dict") if isinstance(content, dict) else None
    found = {
        str(name).removeprefix(prefix): value
        for name, value in (state if isinstance(state, dict) else {}).items()
        if str(name).startswith(prefix) and isinstance(value, Tensor)
    }
    if not found:
        raise UserError(f"{path}: found no tensors of {prefix.rstrip('.')}, expected {expected}")
    return found


def _model(content: Mapping[str, Any], path: Path, expected: str) -> Any:
    """The part `model` of a checkpoint's config, without interpolations."""
    record = content.get(_OWN)
    config = record.get("config") if isinstance(record, dict) else None
    if not isinstance(config, dict):
        raise UserError(f"{path}: found a checkpoint without a config, expected {expected}")
    with _as_another_model(path, expected):
        return OmegaConf.to_container(OmegaConf.create(config).model, resolve=True)


@contextmanager
def _as_another_model(path: Path, expected: str) -> Iterator[None]:
    """What goes wrong inside means that the config is that of another model."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OmegaConfBaseException, UserError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{path}: found a checkpoint of another model ({reason}), expected {expected}"
        ) from error

"""Weights of an encoder that was trained elsewhere, on other bands."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from errors import UserError

# What files put before the names of an encoder's tensors, and what the library's wrapper of timm does.
_BEFORE = (
    "",
    "encoder.",
    "encoder.model.",
    "model.",
    "module.",
    "backbone.",
    "model.encoder.",
    "network.encoder.",
)
_WRAPPERS = ("", "model.")


def load_encoder_weights(encoder: nn.Module, path: str | Path, in_channels: int) -> None:
    """Put the tensors of a file into an encoder, its first convolution adapted to the number of bands.

    The file is a state dict of segmentation-models-pytorch, torchvision or timm (`.pt`, `.pth`, `.bin`, `.ckpt` or
    `.safetensors`), of the encoder alone or of a whole network; what the encoder does not have is passed over. Kernels for
    another number of bands are repeated over ours and scaled so that their sum stays.

    Raises:
        UserError: not such a file, or one of another encoder.
    """
    tensors, own = read_tensors(Path(path)), encoder.state_dict()
    wanted = [name for name in own if not name.endswith("num_batches_tracked")]
    found, names = max(
        (_named(wanted, tensors, before, wrapper) for before in _BEFORE for wrapper in _WRAPPERS),
        key=lambda match: match[0],
    )
    if found < len(wanted):
        missing = next((name for name in wanted if names[name] not in tensors), wanted[0])
        raise UserError(
            f"{path}: found {found} of the encoder's {len(wanted)} tensors, {missing} is not among them; "
            "expected weights of the encoder of model.network_options.encoder_name"
        )
    loaded = {}
    for name in wanted:
        tensor = tensors[names[name]]
        if tensor.shape != own[name].shape and tensor.ndim == 4 and own[name].shape[1] == in_channels:
            tensor = _for_bands(tensor, in_channels)
        if tensor.shape != own[name].shape:
            raise UserError(
                f"{path}: {names[name]} has the shape {tuple(tensor.shape)}, expected {tuple(own[name].shape)}"
            )
        loaded[name] = tensor
    encoder.load_state_dict(loaded, strict=False)  # counters of batches stay as they are


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, of a checkpoint those of its `state_dict`.

    Raises:
        UserError: no such file, not a readable one, or one that holds other objects.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such weights file")
    try:
        content: Any = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (
        pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, zipfile.BadZipFile, ValueError, KeyError
    ) as error:  # fmt: skip
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        if isinstance(error, pickle.UnpicklingError):
            reason = (
                "it is damaged, or holds objects other than tensors and plain values, which are never loaded"
            )
        raise UserError(f"{path}: not a readable weights file ({reason})") from error
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        raise UserError(f"{path}: found {type(content).__name__}, expected tensors by name")
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _named(
    wanted: list[str], tensors: dict[str, Tensor], before: str, wrapper: str
) -> tuple[int, dict[str, str]]:
    names = {name: before + name.removeprefix(wrapper) for name in wanted}
    return sum(name in tensors for name in names.values()), names


def _for_bands(kernel: Tensor, bands: int) -> Tensor:
    """(out, n, h, w) -> (out, bands, h, w): kernels repeated in their order, times n / bands."""
    given = kernel.shape[1]
    return kernel[:, torch.arange(bands) % given] * (given / bands)

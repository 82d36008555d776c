"""Weights of an encoder that was trained elsewhere, on other bands."""

from pathlib import Path

import torch
from torch import Tensor, nn

from errors import UserError
from networks.checkpoint_tensors import read_checkpoint

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
    tensors, _ = read_checkpoint(path, "weights of an encoder")
    own = encoder.state_dict()
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


def _named(
    wanted: list[str], tensors: dict[str, Tensor], before: str, wrapper: str
) -> tuple[int, dict[str, str]]:
    names = {name: before + name.removeprefix(wrapper) for name in wanted}
    return sum(name in tensors for name in names.values()), names


def _for_bands(kernel: Tensor, bands: int) -> Tensor:
    """(out, n, h, w) -> (out, bands, h, w): kernels repeated in their order, times n / bands."""
    given = kernel.shape[1]
    return kernel[:, torch.arange(bands) % given] * (given / bands)

"""SegNetLite out of the files that Nimbus wrote."""

from pathlib import Path

import torch
from torch import Tensor

from errors import UserError
from networks.checkpoint_tensors import read_checkpoint
from networks.segnet import KERNEL, SegNet

EXPECTED = (
    "the weights of a SegNetLite (layers_conv_down, layers_bn_down, layers_conv_up, layers_bn_up, conv1x1)"
)
_HEAD = "conv1x1.weight"
_GROUPS = ("layers_conv_down", "layers_bn_down", "layers_conv_up", "layers_bn_up", "conv1x1")
_COUNTER = "num_batches_tracked"
_DROPOUT = 0.1  # as published, where the file does not say


def read_segnet(path: str | Path) -> SegNet:
    """The network of a plain state dict, or of a Lightning checkpoint with a prefix before the names.

    Widths, bands and classes are those of the tensors; others than the network's (`criterion.weight`) are passed over.

    Raises:
        UserError: no such file, an unreadable one, or one of another network.
    """
    found, settings = read_checkpoint(path, EXPECTED)
    heads = [name for name in found if name.endswith(_HEAD)]
    if len(heads) != 1:
        raise UserError(f"{path}: found {len(heads)} tensors called {_HEAD}, expected {EXPECTED}")
    prefix = heads[0].removesuffix(_HEAD)
    tensors = {
        name.removeprefix(prefix): value
        for name, value in found.items()
        if name.startswith(prefix) and name.removeprefix(prefix).split(".")[0] in _GROUPS
    }
    dropout = settings.get("dropout", _DROPOUT)
    valid = isinstance(dropout, int | float) and 0 <= dropout < 1
    return _network(path, tensors, float(dropout) if valid else _DROPOUT)


def _network(path: str | Path, tensors: dict[str, Tensor], dropout: float) -> SegNet:
    down, up = (_widths(path, tensors, group) for group in ("layers_conv_down", "layers_conv_up"))
    try:
        with torch.device("meta"):
            network = SegNet(
                down[0], len(tensors[_HEAD]), widths_down=down[1:], widths_up=up[1:], dropout=dropout
            )
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    load_exactly(network, tensors, path)
    return network


def load_exactly(network: torch.nn.Module, tensors: dict[str, Tensor], path: str | Path) -> None:
    """Give a network, of the meta device, tensors of its own, as float32; evaluation mode, without gradients.

    Raises:
        UserError: names the first tensor that is missing, left over, of another shape or not finite.
    """
    wanted = network.state_dict()
    own = {}
    for name in sorted(set(wanted) | set(tensors)):
        tensor = tensors.get(name)
        if tensor is None and name in wanted and name.endswith(_COUNTER):
            tensor = torch.zeros((), dtype=torch.int64)
        found = "nothing" if tensor is None else tuple(tensor.shape)
        expected = tuple(wanted[name].shape) if name in wanted else "nothing"
        if tensor is None or found != expected:
            raise UserError(f"{path}: found {found} for {name}, expected {expected}")
        if not name.endswith(_COUNTER):
            tensor = tensor.float()
            if not torch.isfinite(tensor).all():
                raise UserError(f"{path}: {name} holds values that are no finite numbers")
        own[name] = tensor.clone(memory_format=torch.contiguous_format)
    network.load_state_dict(own, assign=True)
    network.requires_grad_(False).eval()


def _widths(path: str | Path, tensors: dict[str, Tensor], group: str) -> list[int]:
    """Channels before the first convolution of a group and after each, in order."""
    kernels: list[Tensor] = []
    while (kernel := tensors.get(f"{group}.{len(kernels)}.weight")) is not None:
        if kernel.ndim != 4 or tuple(kernel.shape[2:]) != (KERNEL, KERNEL):
            raise UserError(
                f"{path}: {group}.{len(kernels)}.weight has the shape {tuple(kernel.shape)}, "
                f"expected (out, in, {KERNEL}, {KERNEL})"
            )
        kernels.append(kernel)
    if not kernels:
        raise UserError(f"{path}: found no {group}.0.weight, expected {EXPECTED}")
    return [kernels[0].shape[1], *(kernel.shape[0] for kernel in kernels)]

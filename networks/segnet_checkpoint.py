"""SegNetLite out of the files that Nimbus wrote: tensors are read, and nothing else."""

import pickle
import zipfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from errors import UserError
from networks.segnet import KERNEL, SegNet

_HEAD = "conv1x1.weight"
_GROUPS = ("layers_conv_down", "layers_bn_down", "layers_conv_up", "layers_bn_up")
_COUNTER = "num_batches_tracked"
_DICTIONARY = ".AttributeDict"  # Lightning's class of hyper-parameters


class _Inert:
    """Takes the place of any object in a file that is no tensor: it is made of nothing and does nothing."""

    def __new__(cls, *_arguments: Any) -> "_Inert":
        return super().__new__(cls)

    def __init__(self, *_arguments: Any) -> None:
        """Whatever it was made of is forgotten."""

    def __setstate__(self, _state: Any) -> None:
        """Its content too."""


def read_segnet(path: str | Path) -> SegNet:
    """The network of a plain state dict, or of a Lightning checkpoint with a prefix before the names.

    Widths, bands and classes are those of the tensors. Objects that are no tensors (hyper-parameters, the state of
    callbacks) are never built, whatever class they name.

    Raises:
        UserError: no such file, an unreadable one, or one of another network.
    """
    path = Path(path)
    content = _content(path)
    rate = 0.1
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        settings = content.get("hyper_parameters")
        given = settings.get("dropout") if isinstance(settings, dict) else None
        rate = float(given) if isinstance(given, int | float) and 0 <= given < 1 else rate
        content = content["state_dict"]
    if not isinstance(content, dict):
        raise UserError(
            f"{path}: found {type(content).__name__}, expected the tensors of a SegNetLite by name"
        )
    heads = [str(name) for name in content if str(name).endswith(_HEAD)]
    if len(heads) != 1:
        raise UserError(
            f"{path}: found {len(heads)} tensors called {_HEAD}, expected the one of a SegNetLite "
            "(layers_conv_down, layers_bn_down, layers_conv_up, layers_bn_up, conv1x1)"
        )
    prefix = heads[0].removesuffix(_HEAD)
    tensors = {
        str(name).removeprefix(prefix): value
        for name, value in content.items()
        if str(name).startswith(prefix)
        and str(name).removeprefix(prefix).split(".")[0] in (*_GROUPS, "conv1x1")
    }
    return _network(path, tensors, rate)


def _network(path: Path, tensors: dict[str, Any], rate: float) -> SegNet:
    for name, value in tensors.items():
        if not isinstance(value, Tensor) or not (
            name.endswith(_COUNTER) or (value.is_floating_point() and bool(torch.isfinite(value).all()))
        ):
            raise UserError(
                f"{path}: {name} is no tensor of finite numbers, expected the weights of a SegNetLite"
            )
    down, up = (_widths(path, tensors, group) for group in ("layers_conv_down", "layers_conv_up"))
    head = tensors[_HEAD]
    if head.ndim != 4:
        raise UserError(f"{path}: {_HEAD} has the shape {tuple(head.shape)}, expected (classes, width, 1, 1)")
    try:
        with torch.device("meta"):
            network = SegNet(down[0], head.shape[0], widths_down=down[1:], widths_up=up[1:], dropout=rate)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    wanted = network.state_dict()
    for name in sorted(set(wanted) | set(tensors)):
        if name.endswith(_COUNTER) and name in wanted and name not in tensors:
            tensors[name] = torch.zeros((), dtype=torch.int64)
        found = tuple(tensors[name].shape) if name in tensors else "nothing"
        expected = tuple(wanted[name].shape) if name in wanted else "nothing"
        if found != expected:
            raise UserError(f"{path}: found {found} for {name}, expected {expected} in this SegNetLite")
    # Tensors of their own: those of the file may share memory, or be of another precision.
    own = {
        name: value.clone() if name.endswith(_COUNTER) else value.float().clone()
        for name, value in tensors.items()
    }
    network.load_state_dict(own, assign=True)
    return network.requires_grad_(False).eval()


def _widths(path: Path, tensors: dict[str, Any], group: str) -> list[int]:
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
        raise UserError(f"{path}: found no {group}.0.weight, expected the weights of a SegNetLite")
    return [kernels[0].shape[1], *(kernel.shape[0] for kernel in kernels)]


def _content(path: Path) -> Any:
    """What torch finds in a file, with inert stand-ins for all that is not tensors and plain values."""
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such weights file; expected a SegNetLite of Nimbus (.pt, .pth, .ckpt)"
        )
    try:
        with _stand_ins(path):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError, RuntimeError, EOFError, zipfile.BadZipFile, ValueError, KeyError, IndexError,
        AttributeError, TypeError, UnicodeDecodeError, OSError,
    ) as error:  # fmt: skip
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        if isinstance(error, pickle.UnpicklingError):
            reason = "it is damaged, or holds what is never loaded"
        raise UserError(
            f"{path}: not a readable weights file ({reason}); expected a SegNetLite of Nimbus"
        ) from error


def _stand_ins(path: Path) -> AbstractContextManager[Any]:
    if not zipfile.is_zipfile(path):  # torch before 1.6: plain values only
        return nullcontext()
    unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    inert: list[Any] = [
        (dict if name.endswith(_DICTIONARY) else _Inert, name)  # torch fills no other class with items
        for name in unknown
    ]
    return torch.serialization.safe_globals(inert)

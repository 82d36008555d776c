"""Convolutions out of HDF5 files that Keras wrote; arrays and names are read, and nothing else.

Two layouts (Keras 2 and tf.keras, `save_weights` and `save`): groups of layers at the root, or below `model_weights`. A
group says in `weight_names` where its arrays are, the parent says in `layer_names` in which order the layers come; long
attributes are cut into `layer_names0`, `layer_names1`, ... What else such a file holds (the model's description with code of
Lambda layers in it, the optimizer's state) is not looked at. A file comes from anywhere, so links are followed only where
they are plain members of the file, and sizes are checked before anything is read.
"""

import itertools
import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from errors import UserError

MOST_VALUES = 1 << 27  # of all arrays together; VDSen2 has 38 million
MOST_NAMES = 1 << 14
LONGEST_NAME = 1 << 10
KNOWN_FILTERS = {1, 2, 3}  # deflate, shuffle, checksum: others would load a plug-in
_HEAP = (
    b"GCOL\x01\x00\x00\x00"  # signature and version of a global heap, HDF5 File Format Specification, III.E
)
_HEAP_HEADER = 16  # bytes, of a heap and of an object in it


@dataclass(frozen=True)
class Convolution:
    """A layer as Keras keeps it: `name`, `kernel` (rows, columns, in, out) float32, `bias` (out,) float32."""

    name: str
    kernel: np.ndarray
    bias: np.ndarray


class _Unreadable(Exception):
    """What is wrong with a file, in words."""


def read_convolutions(path: str | Path) -> list[Convolution]:
    """The convolutions of a Keras file, in the order of its layers.

    Raises:
        UserError: no such file, no HDF5, cut short, not in Keras's layout, or with weights that are no convolution's.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; expected Keras weights (.h5, .hdf5)")
    if not h5py.is_hdf5(path):
        raise UserError(f"{path}: not an HDF5 file; expected Keras weights (.h5, .hdf5)")
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            if file.id.get_create_plist().get_sizes() != (8, 8):
                raise _Unreadable("an HDF5 file with addresses of another length than 8 bytes")
            _check_heaps(path)
            return _convolutions(_weights_group(file))
    except _Unreadable as error:
        raise UserError(f"{path}: {error}; expected weights that Keras wrote") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        reason = str(error).strip("'\"").splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: truncated or damaged ({reason}); expected Keras weights") from error


def _check_heaps(path: Path) -> None:
    """The heaps of variable-length strings: an object of no length in them would keep the library reading for ever."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = -1
        while (start := content.find(_HEAP, start + 1)) >= 0:
            (size,) = struct.unpack_from("<Q", content, start + len(_HEAP))
            place, end = start + _HEAP_HEADER, start + size
            if end > len(content):
                raise _Unreadable("truncated or damaged (a heap that reaches beyond the file)")
            while place + _HEAP_HEADER <= end:
                index, length = struct.unpack_from("<H6xQ", content, place)
                # Number 0 is what is left over, and counts its own header.
                step = length if index == 0 else _HEAP_HEADER + -(-length // 8) * 8
                if not _HEAP_HEADER <= step <= end - place:
                    raise _Unreadable("truncated or damaged (a heap whose parts do not add up)")
                place += step


def _weights_group(file: h5py.File) -> h5py.Group:
    if _has_names(file, "layer_names"):
        return file
    if file.id.links.exists(b"model_weights"):
        group = _member(file, "model_weights")
        if isinstance(group, h5py.Group) and _has_names(group, "layer_names"):
            return group
    raise _Unreadable("an HDF5 file without the attribute layer_names")


def _convolutions(weights: h5py.Group) -> list[Convolution]:
    arrays: list[tuple[str, h5py.Dataset]] = []
    for layer in _names(weights, "layer_names"):
        group = _member(weights, layer)
        if not isinstance(group, h5py.Group):
            raise _Unreadable(f"layer {layer} is no group")
        if not _has_names(group, "weight_names"):
            raise _Unreadable(f"layer {layer} has no attribute weight_names")
        arrays += [(name, _array(group, name)) for name in _names(group, "weight_names")]
    total = sum(math.prod(dataset.shape) for _, dataset in arrays)
    if total > MOST_VALUES:
        raise _Unreadable(f"found {total} weights, more than the {MOST_VALUES} that are taken")
    # Layers do not mix: within one the kernel comes first, whatever they are called.
    kernels, biases = arrays[0::2], arrays[1::2]
    if not arrays or len(kernels) != len(biases):
        raise _Unreadable(f"found {len(arrays)} arrays, not a kernel and a bias of each convolution")
    return [
        _convolution(name, kernel, bias) for (name, kernel), (_, bias) in zip(kernels, biases, strict=True)
    ]


def _convolution(name: str, kernel: h5py.Dataset, bias: h5py.Dataset) -> Convolution:
    if len(kernel.shape) != 4 or bias.shape != kernel.shape[3:]:
        raise _Unreadable(
            f"{name} has the shape {kernel.shape} and is followed by {bias.shape}, not the kernel and bias of a convolution"
        )
    values = [np.asarray(dataset[...], dtype=np.float32) for dataset in (kernel, bias)]
    if not all(np.isfinite(value).all() for value in values):
        raise _Unreadable(f"{name} or its bias holds numbers that are not finite")
    return Convolution(name, *values)


def _array(group: h5py.Group, name: str) -> h5py.Dataset:
    """A dataset of plain numbers that lie in this file."""
    dataset = _member(group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise _Unreadable(f"{name} is no array")
    if dataset.dtype.kind != "f":
        raise _Unreadable(f"{name} holds {dataset.dtype}, not floating-point numbers")
    if dataset.is_virtual or dataset.external:
        raise _Unreadable(f"{name} lies in another file")
    if max(math.prod(dataset.shape), math.prod(dataset.chunks or ())) > MOST_VALUES:
        raise _Unreadable(
            f"{name} has the shape {dataset.shape}, more than the {MOST_VALUES} values that are taken"
        )
    creation = dataset.id.get_create_plist()
    filters = {creation.get_filter(index)[0] for index in range(creation.get_nfilters())}
    if filters - KNOWN_FILTERS:
        raise _Unreadable(f"{name} is compressed with filter {min(filters - KNOWN_FILTERS)}")
    return dataset


def _member(group: h5py.Group, path: str) -> Any:
    """What lies below `group` at `path`; soft and external links are not followed."""
    for part in path.split("/"):
        if part in ("", "."):
            continue
        # Asked of the link itself: whether a name is "in" a group, h5py finds out by following it.
        if not isinstance(group, h5py.Group) or not group.id.links.exists(part.encode()):
            raise _Unreadable(f"{path} is missing")
        if group.id.links.get_info(part.encode()).type != h5py.h5l.TYPE_HARD:
            raise _Unreadable(f"{path} is a link to elsewhere, which is not followed")
        group = group[part]
    return group


def _has_names(group: h5py.Group, attribute: str) -> bool:
    return attribute in group.attrs or f"{attribute}0" in group.attrs


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """A list of names, also one that was cut into numbered attributes."""
    if attribute in group.attrs:
        return _strings(group, attribute)
    names: list[str] = []
    for part in itertools.count():
        if f"{attribute}{part}" not in group.attrs:
            return names
        names += _strings(group, f"{attribute}{part}")
        if len(names) > MOST_NAMES:
            raise _Unreadable(
                f"the attributes {attribute} hold more names than the {MOST_NAMES} that are taken"
            )
    raise AssertionError


def _strings(group: h5py.Group, attribute: str) -> list[str]:
    """An attribute of fixed or variable-length strings; checked before it is read."""
    identity = group.attrs.get_id(attribute)
    count = math.prod(identity.shape or (1,))
    if identity.get_space().get_simple_extent_type() == h5py.h5s.NULL or count == 0:
        return []  # Keras writes an empty list of numbers for a layer without weights
    if h5py.check_string_dtype(identity.dtype) is None:
        raise _Unreadable(f"the attribute {attribute} holds {identity.dtype}, not names")
    if count > MOST_NAMES or identity.dtype.itemsize > LONGEST_NAME:
        raise _Unreadable(f"the attribute {attribute} holds {count} names, more than are taken")
    values = np.atleast_1d(np.asarray(group.attrs[attribute], dtype=object)).ravel()
    names = [value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in values]
    if any(len(name) > LONGEST_NAME for name in names):
        raise _Unreadable(f"the attribute {attribute} holds a name of more than {LONGEST_NAME} letters")
    return names

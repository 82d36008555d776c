"""HDF5 files as Keras 2.2 and tf.keras write them for DSen2, and the same network in numpy."""

import base64
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Weights = list[tuple[np.ndarray, np.ndarray]]


def random_weights(in_channels: int, out_channels: int, features: int, blocks: int, seed: int = 0) -> Weights:
    """Kernels (3, 3, in, out) and biases of a DSen2, so large that every layer is felt in the output."""
    random = np.random.default_rng(seed)
    widths = [in_channels] + [features] * (2 * blocks + 1) + [out_channels]
    return [
        (
            random.normal(0, (2 / (9 * before)) ** 0.5, (3, 3, before, after)).astype(np.float32),
            random.normal(0, 0.1, after).astype(np.float32),
        )
        for before, after in itertools.pairwise(widths)
    ]


def forward(weights: Weights, groups: Sequence[np.ndarray]) -> np.ndarray:
    """The published network in float64, from the arrays as Keras keeps them; groups (B, C, H, W), finest first."""

    def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), (3, 3), axis=(1, 2)
        )
        return np.einsum("bhwcij,ijco->bhwo", windows, kernel.astype(np.float64), optimize=True) + bias

    x = np.moveaxis(np.concatenate(groups, axis=1).astype(np.float64), 1, -1)
    x = np.maximum(convolve(x, *weights[0]), 0)
    for first, second in zip(weights[1:-1:2], weights[2:-1:2], strict=True):
        x = x + 0.1 * convolve(np.maximum(convolve(x, *first), 0), *second)
    return np.moveaxis(convolve(x, *weights[-1]), -1, 1) + groups[-1]


@dataclass
class Layout:
    """How a file is written.

    Attributes:
        full: a whole model (`model_weights/`, description, optimizer), not weights alone.
        first: number of the first convolution; tf.keras writes number 0 without a number.
        inputs: names of the input layers.
        text: attributes are `bytes` (numpy fixed length, old h5py) or `str` (variable length).
        part: most names in an attribute; more are cut into numbered ones.
        suffix: what ends the name of a weight.
        scope: prefix of the weights' names; "": the name of their layer.
    """

    full: bool = False
    first: int = 1
    inputs: tuple[str, ...] = ("input_1", "input_2")
    text: str = "bytes"
    part: int | None = None
    suffix: str = ":0"
    scope: str = ""
    dtype: str = "<f4"


def write(path: Path, weights: Weights, layout: Layout | None = None, code: bytes = b"") -> Path:
    """Write the file; `code` is what the description has as a Lambda layer's function."""
    layout = layout or Layout()
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if layout.full else file
        for holder in (file, root):
            holder.attrs["backend"] = _text("tensorflow", layout)
            holder.attrs["keras_version"] = _text("2.2.4", layout)
        layers = layer_names(len(weights), layout)
        _write_names(root, "layer_names", [name for name, _ in layers], layout)
        for name, index in layers:
            group = root.create_group(name)
            if index is None:
                group.attrs["weight_names"] = np.array([])  # float64, as numpy makes of an empty list
                continue
            scope = layout.scope or name
            names = [f"{scope}/{kind}{layout.suffix}" for kind in ("kernel", "bias")]
            _write_names(group, "weight_names", names, layout)
            for array, weight_name in zip(weights[index], names, strict=True):
                group.create_dataset(weight_name, data=array.astype(layout.dtype))
        if layout.full:
            _write_rest(file, layers, weights, code, layout)
    return path


def layer_names(count: int, layout: Layout) -> list[tuple[str, int | None]]:
    """Layers of DSen2 in the order of the graph, each with the number of its weights if it has any."""
    used: dict[str, int] = {}

    def name(kind: str) -> str:
        number = used[kind] = used.get(kind, layout.first - 1) + 1
        return f"{kind}_{number}" if number else kind

    layers: list[tuple[str, int | None]] = [(given, None) for given in layout.inputs]
    layers += [(name("concatenate"), None), (name("conv2d"), 0)]
    for index in range(1, count - 1, 2):
        layers += [(name("conv2d"), index), (name("activation"), None), (name("conv2d"), index + 1)]
        layers += [(name("lambda"), None), (name("add"), None)]
    return [*layers, (name("conv2d"), count - 1), (name("add"), None)]


def _write_rest(
    file: h5py.File, layers: list[tuple[str, int | None]], weights: Weights, code: bytes, layout: Layout
) -> None:
    """Description of model and training, and the state of Nadam, twice as large as the weights."""
    function = [base64.b64encode(code).decode(), None, None]
    nodes = [
        {
            "class_name": "Lambda",
            "name": name,
            "config": {"name": name, "function": function, "function_type": "lambda"},
        }
        if name.startswith("lambda")
        else {"class_name": name.split("_")[0].capitalize(), "name": name, "config": {"name": name}}
        for name, _ in layers
    ]
    description = {"class_name": "Model", "config": {"name": "model_1", "layers": nodes}}
    file.attrs["model_config"] = _text(json.dumps(description), layout)
    file.attrs["training_config"] = _text('{"optimizer_config": {"class_name": "Nadam"}}', layout)
    state = file.create_group("optimizer_weights")
    names = ["training/Nadam/iterations:0"]
    state.create_dataset(names[0], data=np.int64(7))
    for moment in (1, 2):
        for index, array in enumerate(array for pair in weights for array in pair):
            names.append(f"training/Nadam/Variable_{moment * 1000 + index}:0")
            state.create_dataset(names[-1], data=np.full_like(array, 9.0))
    _write_names(state, "weight_names", names, layout)


def _write_names(holder: Any, attribute: str, names: list[str], layout: Layout) -> None:
    parts = layout.part or len(names)
    cut = [names[start : start + parts] for start in range(0, len(names), parts)]
    for number, some in enumerate(cut):
        key = attribute if len(cut) == 1 else f"{attribute}{number}"
        if layout.text == "bytes":
            holder.attrs[key] = np.array([name.encode() for name in some], dtype="S")
        else:
            holder.attrs.create(key, some, dtype=h5py.string_dtype())


def _text(value: str, layout: Layout) -> Any:
    return np.bytes_(value.encode()) if layout.text == "bytes" else value

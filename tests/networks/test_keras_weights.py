"""Keras files of all layouts, and files that only look like them."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from errors import UserError
from networks import keras_weights
from networks.keras_weights import read_convolutions
from tests.fakes.keras_weights import Layout, Weights, layer_names, random_weights, write

LAYOUTS = {
    "keras": Layout(),
    "keras, whole model": Layout(full=True),
    "second model of a session": Layout(first=15, inputs=("input_3", "input_4")),
    "tf.keras": Layout(first=0, text="str"),
    "tf.keras, whole model": Layout(first=0, text="str", full=True),
    "tf.keras, later in a session": Layout(first=97, text="str", full=True),
    "satsr": Layout(full=True, inputs=("10", "20", "60")),
    "cut into parts": Layout(part=5),
    "cut into parts of one": Layout(part=1, text="str", full=True),
    "without :0": Layout(suffix="", first=0, text="str"),
    "nested": Layout(scope="model/scope/conv"),
    "float16": Layout(dtype="<f2"),
    "float64, big-endian": Layout(dtype=">f8"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_arrays_in_the_order_of_the_layers(tmp_path: Path, name: str) -> None:
    layout = LAYOUTS[name]
    weights = random_weights(5, 3, 4, blocks=6)
    found = read_convolutions(write(tmp_path / "w.h5", weights, layout))
    assert len(found) == 14
    for convolution, (kernel, bias) in zip(found, weights, strict=True):
        assert convolution.kernel.dtype == convolution.bias.dtype == np.float32
        tolerance = 1e-3 if layout.dtype == "<f2" else 0
        assert np.abs(convolution.kernel - kernel).max() <= tolerance
        assert np.abs(convolution.bias - bias).max() <= tolerance


def test_the_layers_are_those_of_the_published_files() -> None:
    names = [name for name, _ in layer_names(14, Layout())]
    assert len(names) == 36
    assert names[:9] == [
        "input_1", "input_2", "concatenate_1", "conv2d_1", "conv2d_2", "activation_1", "conv2d_3", "lambda_1", "add_1",
    ]  # fmt: skip
    assert names[-2:] == ["conv2d_14", "add_7"]
    assert sorted(names) != names


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "was_here"

    class Payload:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    code = pickle.dumps(Payload())
    write(tmp_path / "w.h5", random_weights(5, 3, 4, blocks=1), Layout(full=True), code=code)
    assert len(read_convolutions(tmp_path / "w.h5")) == 4
    assert not marker.exists()
    pickle.loads(code)
    assert marker.exists()


def small(path: Path) -> Weights:
    weights = random_weights(3, 1, 2, blocks=1)
    write(path, weights)
    return weights


def replaced(change: Callable[[h5py.Group, Path], Any]) -> Callable[[h5py.File, Path], Any]:
    """Take the kernel of the second convolution out and put something else there."""

    def apply(file: h5py.File, folder: Path) -> None:
        group = file["conv2d_2/conv2d_2"]
        del group["kernel:0"]
        change(group, folder)

    return apply


def external_storage(group: h5py.Group, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(4 * 36))
    group.create_dataset("kernel:0", (3, 3, 2, 2), "f4", external=[(str(folder / "secret"), 0, 4 * 36)])


def virtual(group: h5py.Group, folder: Path) -> None:
    layout = h5py.VirtualLayout((3, 3, 2, 2), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "kernel", (3, 3, 2, 2))
    group.create_virtual_dataset("kernel:0", layout)


def external_link(group: h5py.Group, folder: Path) -> None:
    group["kernel:0"] = h5py.ExternalLink(str(folder / "other.h5"), "/kernel")


def soft_link(group: h5py.Group, folder: Path) -> None:
    group["kernel:0"] = h5py.SoftLink("/conv2d_3/conv2d_3/kernel:0")


def dataset(**options: Any) -> Callable[[h5py.Group, Path], Any]:
    return lambda group, folder: group.create_dataset("kernel:0", **options)


def rename_first_layer(file: h5py.File, folder: Path) -> None:
    file.attrs["layer_names"] = np.array([b"conv2d_9", *file.attrs["layer_names"][1:]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (replaced(lambda group, folder: None), "conv2d_2/kernel:0 is missing"),
        (replaced(external_link), "is a link to elsewhere, which is not followed"),
        (replaced(soft_link), "is a link to elsewhere, which is not followed"),
        (replaced(external_storage), "kernel:0 lies in another file"),
        (replaced(virtual), "kernel:0 lies in another file"),
        (replaced(lambda group, folder: group.create_group("kernel:0")), "kernel:0 is no array"),
        (replaced(dataset(data=h5py.Empty("f4"))), "kernel:0 is no array"),
        (replaced(dataset(data="code", dtype=h5py.string_dtype())), "holds object, not floating-point"),
        (replaced(dataset(shape=(4,), dtype=h5py.vlen_dtype("f4"))), "holds object, not floating-point"),
        (replaced(dataset(shape=(3, 3, 2, 2), dtype="i4")), "holds int32, not floating-point"),
        (replaced(dataset(shape=(3, 3, 20_000, 20_000), dtype="f4")), "more than the 134217728 values"),
        (replaced(dataset(data=np.full((3, 3, 2, 2), np.nan, "f4"))), "not finite"),
        (replaced(dataset(shape=(3, 3, 2, 2), dtype="f4", compression="lzf")), "compressed with filter 32000"),
        (replaced(dataset(shape=(3, 2, 2), dtype="f4")), r"shape \(3, 2, 2\) and is followed by \(2,\)"),
        (replaced(dataset(shape=(3, 3, 2, 5), dtype="f4")), r"shape \(3, 3, 2, 5\) and is followed by \(2,\)"),
        (rename_first_layer, "conv2d_9 is missing"),
        (lambda file, folder: file.attrs.pop("layer_names"), "without the attribute layer_names"),
        (lambda file, folder: file["conv2d_2"].attrs.pop("weight_names"), "conv2d_2 has no attribute weight_names"),
        (lambda file, folder: file.attrs.create("layer_names", np.arange(3.0)), "holds float64, not names"),
        (lambda file, folder: file.attrs.create("layer_names", np.array([b"add_1"])), "found 0 arrays"),
        (lambda file, folder: file.attrs.create("layer_names", np.array([b"x" * 2000])), "more than are taken"),
    ],
)  # fmt: skip
def test_files_that_are_refused(tmp_path: Path, change: Callable[[h5py.File, Path], Any], words: str) -> None:
    path = tmp_path / "w.h5"
    weights = small(path)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["kernel"] = weights[1][0]
    with h5py.File(path, "r+") as file:
        change(file, tmp_path)
    with pytest.raises(UserError, match=words) as error:
        read_convolutions(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_sizes_are_added_up_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = small(tmp_path / "w.h5")
    total = sum(array.size for pair in weights for array in pair)
    monkeypatch.setattr(keras_weights, "MOST_VALUES", total)
    assert len(read_convolutions(tmp_path / "w.h5")) == 4
    monkeypatch.setattr(keras_weights, "MOST_VALUES", total - 1)
    with pytest.raises(UserError, match=f"found {total} weights, more than the {total - 1}"):
        read_convolutions(tmp_path / "w.h5")


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6, 0.99])
def test_files_that_were_cut_short(tmp_path: Path, keep: float) -> None:
    path = write(tmp_path / "w.h5", random_weights(5, 3, 8, blocks=2), Layout(full=True))
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(UserError, match=r"w.h5: truncated or damaged \(.*\); expected Keras weights"):
        read_convolutions(path)


def test_a_heap_of_strings_that_does_not_add_up_is_not_read(tmp_path: Path) -> None:
    """HDF5 itself would read it for ever."""
    path = write(tmp_path / "w.h5", random_weights(5, 3, 4, blocks=1), Layout(text="str"))
    content = bytearray(path.read_bytes())
    heap = content.find(b"GCOL")
    assert heap > 0
    for place, value in ((heap + 24, 2**64 - 16), (heap + 24, 2**40), (heap + 8, 2**40)):
        damaged = content.copy()
        damaged[place : place + 8] = value.to_bytes(8, "little")
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"truncated or damaged \(a heap"):
            read_convolutions(path)


def test_links_out_of_the_file_are_not_followed_to_the_weights(tmp_path: Path) -> None:
    write(tmp_path / "other.h5", random_weights(5, 3, 4, blocks=1), Layout(full=True))
    for link in (h5py.ExternalLink(str(tmp_path / "other.h5"), "/model_weights"), h5py.SoftLink("/other")):
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file["model_weights"] = link
        with pytest.raises(UserError, match="model_weights is a link to elsewhere"):
            read_convolutions(tmp_path / "w.h5")


def test_no_hdf5(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        read_convolutions(tmp_path / "w.h5")
    (tmp_path / "w.h5").write_bytes(b"\x80\x04not weights")
    with pytest.raises(UserError, match="not an HDF5 file"):
        read_convolutions(tmp_path / "w.h5")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(UserError, match="without the attribute layer_names"):
        read_convolutions(tmp_path / "empty.h5")

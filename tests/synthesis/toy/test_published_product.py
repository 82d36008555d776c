import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from errors import UserError
from synthesis.toy.layout import open_product, write_array

FRAME = np.linspace(-0.5, 1.5, 24).reshape(3, 4, 2)
LABELS = np.arange(24).reshape(3, 4, 2).astype(np.int16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A product as the original writes derived ones: frames counted twice, every second one left out."""
    files = {}
    for name in ("frames", "annotations"):
        (tmp_path / name).mkdir()
    for index in range(4):
        names = {"frame": f"frames/frame_{index}.h5", "annotation": f"annotations/annotation_{index}.h5"}
        files[str(index)] = names if index % 2 == 0 else None
        if index % 2 == 0:
            write_array(tmp_path / names["frame"], FRAME + index)
            write_array(tmp_path / names["annotation"], LABELS)
    features = {"width": 4, "height": 3, "nbands": 2, "horizon": 4, "ndigit": 23, "nframes": 4}
    (tmp_path / "index.json").write_text(json.dumps({"features": features, "files": files}))
    return tmp_path


def change(folder: Path, **keys: object) -> None:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, **keys}))


def test_a_product_of_the_original_is_read(folder: Path) -> None:
    product = open_product(folder)
    assert (product.frame_indices, product.horizon, product.num_cells) == ([0, 2], 4, 23)
    np.testing.assert_array_equal(product.frame(2), FRAME + 2)
    np.testing.assert_array_equal(product.frame(2, (1, 1, 2, 3)), FRAME[1:3, 1:4] + 2)
    np.testing.assert_array_equal(product.annotation(0, (0, 2, 1, 2)), LABELS[:1, 2:])
    with pytest.raises(KeyError):
        product.frame(1)


def test_a_missing_file_is_told_when_it_is_read(folder: Path) -> None:
    (folder / "frames" / "frame_2.h5").unlink()
    product = open_product(folder)
    assert product.frame(0).shape == (3, 4, 2)
    with pytest.raises(UserError, match=r"frame_2\.h5 does not exist"):
        product.frame(2)


def test_a_truncated_file_is_told(folder: Path) -> None:
    path = folder / "frames" / "frame_0.h5"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(UserError, match=r"frame_0\.h5 cannot be read"):
        open_product(folder).frame(0)


def test_a_frame_of_another_shape_is_told(folder: Path) -> None:
    write_array(folder / "frames" / "frame_0.h5", FRAME[:, :2])
    with pytest.raises(UserError, match=r"'data' has the shape \(3, 2, 2\), expected \(3, 4, 2\)"):
        open_product(folder).frame(0)
    with h5py.File(folder / "annotations" / "annotation_0.h5", "w") as file:
        file["data"] = LABELS.astype(float)
    with pytest.raises(UserError, match="'data' holds float64"):
        open_product(folder).annotation(0)


@pytest.mark.parametrize("name", ["../frame_0.h5", "/frame_0.h5"])
def test_a_path_out_of_the_folder_is_refused(folder: Path, name: str) -> None:
    change(folder, files={"0": {"frame": name, "annotation": "annotations/annotation_0.h5"}})
    with pytest.raises(UserError, match=r"index\.json names the file .*: expected a path inside of"):
        open_product(folder)


@pytest.mark.parametrize(
    "files", [3, {"0": 3}, {"zero": {"frame": "a", "annotation": "b"}}, {"0": {"frame": "a"}}]
)
def test_an_index_of_another_form_is_refused(folder: Path, files: object) -> None:
    change(folder, files=files)
    with pytest.raises(UserError, match="'files' is not that of a toy product"):
        open_product(folder)


@pytest.mark.real
def test_an_example_of_the_original_opens_and_says_which_frame_is_missing(toy_reference: Path) -> None:
    product = open_product(toy_reference / "clean_optical")
    assert (product.shape, product.features["nframes"]) == ((256, 256, 3), 60)
    assert product.frame_indices == list(range(30))
    assert product.frame(5).dtype == np.float64
    assert product.annotation(5).max(axis=(0, 1)).tolist() == [16, 2]
    with pytest.raises(UserError, match=r"frame_6\.h5 does not exist"):
        product.frame(6)

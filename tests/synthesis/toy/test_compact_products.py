import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from errors import UserError
from synthesis.toy.layout import CompactFrames, open_product, write_compact
from synthesis.toy.product_writer import ProductWriter
from synthesis.toy.scene import make_scene
from synthesis.toy.settings import LatentSettings

SHAPE = (20, 30, 3)
FRAMES = np.random.default_rng(0).uniform(-0.5, 1.5, (3, *SHAPE)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 5, (*SHAPE[:2], 2)).astype(np.int16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with ProductWriter(tmp_path, "compact", shape=SHAPE, num_cells=4, horizon=9) as writer:
        for index, frame in zip((6, 0, 3), FRAMES, strict=True):
            writer.write(index, frame, LABELS)
        writer.finish()
    return tmp_path


def test_frames_and_windows_are_read(folder: Path) -> None:
    product = open_product(folder)
    assert isinstance(product, CompactFrames)
    assert product.frame_indices == [0, 3, 6]
    half_a_code = 2 / 65534 / 2 * 1.01
    for index, frame in zip((6, 0, 3), FRAMES, strict=True):
        np.testing.assert_allclose(product.frame(index), frame, atol=half_a_code)
        for window in ((0, 0, 20, 30), (5, 7, 3, 11), (19, 29, 1, 1), (2, 0, 4, 30)):
            row, column, height, width = window
            expected = product.frame(index)[row : row + height, column : column + width]
            np.testing.assert_array_equal(product.frame(index, window), expected)
    np.testing.assert_array_equal(product.annotation(3), LABELS)
    np.testing.assert_array_equal(product.annotation(3, (1, 2, 3, 4)), LABELS[1:4, 2:6])
    for read in (product.frame, product.annotation):
        with pytest.raises(KeyError):
            read(1)


def test_a_file_cut_short_is_told(folder: Path) -> None:
    path = folder / "frames.h5"
    product = open_product(folder)
    product.frame(0)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UserError, match=r"frames\.h5 ends too early"):
        product.frame(3)
    with pytest.raises(UserError, match=r"frames\.h5 cannot be read"):
        open_product(folder).frame(0)
    path.unlink()
    with pytest.raises(UserError, match=r"frames\.h5 does not exist"):
        open_product(folder).frame(0)


def test_an_index_that_disagrees_is_told(folder: Path) -> None:
    path = folder / "index.json"
    index = json.loads(path.read_text())
    for change, message in (
        ({"frames": "../frames.h5"}, "expected a path inside of"),
        ({"frame_indices": "all"}, "frame_indices is 'all'"),
        ({"frame_indices": [0, 3]}, r"shape \(3, 20, 30, 3\), expected \(2, 20, 30, 3\)"),
        ({"frame_indices": [0, 3, 7]}, r"holds the frames \[6, 0, 3\]"),
        ({"features": {**index["features"], "width": 31}}, r"expected \(3, 20, 31, 3\)"),
    ):
        path.write_text(json.dumps({**index, **change}))
        with pytest.raises(UserError, match=message):
            open_product(folder).frame(0)


def test_frames_stored_in_another_way_are_refused(folder: Path) -> None:
    with h5py.File(folder / "frames.h5", "r+") as file:
        codes = file["frames"][:]
        del file["frames"]
        file.create_dataset("frames", data=codes, chunks=(1, *SHAPE), compression="gzip")
    with pytest.raises(UserError, match="stored in another way"):
        open_product(folder).frame(0)


def test_a_latent_product_of_another_shape_is_told(
    tmp_path: Path, settings: Callable[..., LatentSettings]
) -> None:
    write_compact(tmp_path, make_scene(settings(), None))
    path = tmp_path / "index.json"
    index = json.loads(path.read_text())
    index["features"]["nbands"] = 4
    path.write_text(json.dumps(index))
    with pytest.raises(UserError, match=r"'texture' has the shape \(40, 48, 3\), expected \(40, 48, 4\)"):
        open_product(tmp_path).frame(0)
    path.write_text(json.dumps({**index, "scene": "/scene.h5"}))
    with pytest.raises(UserError, match="expected a path inside of"):
        open_product(tmp_path)

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from errors import UserError
from synthesis.toy.layout import (
    CompactProduct,
    PublishedProduct,
    open_product,
    replacing,
    write_array,
    write_compact,
    write_published_frame,
    write_published_index,
)
from synthesis.toy.scene import Scene, make_scene
from synthesis.toy.settings import LatentSettings


@pytest.fixture(scope="module")
def scene(settings: Callable[..., LatentSettings]) -> Scene:
    return make_scene(settings(width=150, height=100), None)


def write_published(folder: Path, scene: Scene) -> Path:
    for name in ("frames", "annotations"):
        (folder / name).mkdir(parents=True)
    for index in range(scene.num_frames):
        write_published_frame(folder, scene, index)
    write_published_index(folder, scene)
    return folder


def test_published_files_are_those_of_the_original(tmp_path: Path, scene: Scene) -> None:
    folder = write_published(tmp_path, scene)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    expected = {f"{kind}s/{kind}_{index}.h5" for kind in ("frame", "annotation") for index in range(4)}
    assert names == expected | {"index.json"}
    with h5py.File(folder / "frames" / "frame_2.h5") as file:
        assert list(file) == ["data"]
        data = file["data"]
        assert (data.shape, data.dtype) == ((100, 150, 3), np.float64)
        assert (data.chunks, data.compression, len(data.attrs)) == (None, None, 0)
    with h5py.File(folder / "annotations" / "annotation_2.h5") as file:
        assert (file["data"].shape, file["data"].dtype) == ((100, 150, 2), np.int16)


def test_published_index(tmp_path: Path, scene: Scene) -> None:
    text = (write_published(tmp_path, scene) / "index.json").read_text(encoding="utf-8")
    assert "\n" not in text
    index = json.loads(text)
    assert list(index) == ["features", "files"]
    assert index["features"] == {
        "width": 150, "height": 100, "nbands": 3, "horizon": 4, "ndigit": 6, "nframes": 4,
    }  # fmt: skip
    assert index["files"]["3"] == {"frame": "frames/frame_3.h5", "annotation": "annotations/annotation_3.h5"}


def test_both_layouts_read_the_same(tmp_path: Path, scene: Scene) -> None:
    published = open_product(write_published(tmp_path / "published", scene))
    (tmp_path / "compact").mkdir()
    write_compact(tmp_path / "compact", scene)
    compact = open_product(tmp_path / "compact")
    assert isinstance(published, PublishedProduct)
    assert isinstance(compact, CompactProduct)
    assert published.features == compact.features
    assert published.shape == compact.shape == (100, 150, 3)
    assert published.frame_indices == compact.frame_indices == [0, 1, 2, 3]
    window = (13, 70, 40, 65)
    inside = (slice(13, 53), slice(70, 135))
    for index in range(4):
        frame = scene.frame(index)
        for product in (published, compact):
            np.testing.assert_array_equal(product.frame(index), frame)
            np.testing.assert_array_equal(product.frame(index, window), frame[inside])
            np.testing.assert_array_equal(product.annotation(index), scene.annotation)
            np.testing.assert_array_equal(product.annotation(index, window), scene.annotation[inside])
    assert compact.frame(0).dtype == np.float32


def test_compact_stores_static_things_once(tmp_path: Path, scene: Scene) -> None:
    write_compact(tmp_path, scene)
    with h5py.File(tmp_path / "scene.h5") as file:
        assert set(file) == {"annotation", "texture", "series"}
        assert file["texture"].dtype == np.float32
        assert file["texture"].chunks == (64, 64, 3)
    one_frame = scene.frame(0).nbytes
    assert (tmp_path / "scene.h5").stat().st_size < 2 * one_frame


def test_equal_arrays_give_equal_bytes(tmp_path: Path, scene: Scene) -> None:
    for name in ("one", "two"):
        write_array(tmp_path / f"{name}.h5", scene.frame(0))
        (tmp_path / name).mkdir()
        write_compact(tmp_path / name, scene)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    assert (tmp_path / "one" / "scene.h5").read_bytes() == (tmp_path / "two" / "scene.h5").read_bytes()


def test_a_frame_left_out_of_the_index_is_no_frame(tmp_path: Path, scene: Scene) -> None:
    folder = write_published(tmp_path, scene)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    index["files"]["1"] = None
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    product = open_product(folder)
    assert product.frame_indices == [0, 2, 3]
    with pytest.raises(KeyError):
        product.frame(1)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with replacing(tmp_path / "x") as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_product_is_refused(tmp_path: Path, scene: Scene) -> None:
    with pytest.raises(UserError, match="holds no toy product"):
        open_product(tmp_path)
    (tmp_path / "index.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="is no JSON"):
        open_product(tmp_path)
    (tmp_path / "index.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="is no index of a toy product"):
        open_product(tmp_path)
    write_compact(tmp_path, scene)
    (tmp_path / "scene.h5").write_bytes(b"not HDF5")
    with pytest.raises(UserError, match=r"scene\.h5 cannot be read"):
        open_product(tmp_path).frame(0)

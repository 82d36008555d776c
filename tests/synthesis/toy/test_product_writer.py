import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from errors import UserError
from synthesis.toy.layout import open_product
from synthesis.toy.product_writer import ProductWriter, quantise

SHAPE = (6, 5, 2)
FRAME = np.linspace(-0.5, 1.5, 60, dtype=np.float32).reshape(SHAPE)
LABELS = np.arange(60).reshape(SHAPE).astype(np.int16)


def writer_in(folder: Path, layout: str) -> ProductWriter:
    return ProductWriter(folder, layout, shape=SHAPE, num_cells=59, horizon=5)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, layout: str, indices: tuple[int, ...] = (0, 4)) -> Path:
    with writer_in(folder, layout) as writer:
        for index in indices:
            writer.write(index, FRAME + index, LABELS)
        writer.finish()
    return folder


def test_the_published_layout_is_that_of_the_original(tmp_path: Path) -> None:
    folder = write(tmp_path, "published")
    with h5py.File(folder / "frames" / "frame_4.h5") as file:
        data = file["data"]
        assert (list(file), data.dtype, data.chunks, len(data.attrs)) == (["data"], np.float64, None, 0)
    with h5py.File(folder / "annotations" / "annotation_4.h5") as file:
        assert file["data"].dtype == np.int16
    text = (folder / "index.json").read_text()
    index = json.loads(text)
    assert "\n" not in text
    assert index["features"] == {
        "width": 5, "height": 6, "nbands": 2, "horizon": 5, "ndigit": 59, "nframes": 2,
    }  # fmt: skip
    assert index["files"] == {
        "0": {"frame": "frames/frame_0.h5", "annotation": "annotations/annotation_0.h5"},
        "1": None, "2": None, "3": None,
        "4": {"frame": "frames/frame_4.h5", "annotation": "annotations/annotation_4.h5"},
    }  # fmt: skip


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_what_is_written_is_read(tmp_path: Path, layout: str) -> None:
    product = open_product(write(tmp_path, layout))
    assert (product.shape, product.frame_indices, product.horizon) == (SHAPE, [0, 4], 5)
    tolerance = 0 if layout == "published" else 1.01 / 65534
    np.testing.assert_allclose(product.frame(4), FRAME + 4, atol=tolerance)
    np.testing.assert_array_equal(product.annotation(4), LABELS)


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_missing_pixels_stay_missing(tmp_path: Path, layout: str) -> None:
    frame = FRAME.copy()
    frame[2] = np.nan
    frame[3, 1, 0] = np.inf
    with writer_in(tmp_path, layout) as writer:
        writer.write(0, frame, LABELS)
        writer.write(1, np.full(SHAPE, np.nan, np.float32), LABELS)
        writer.finish()
    product = open_product(tmp_path)
    read = product.frame(0)
    assert np.isnan(read[2]).all()
    assert np.isnan(read).sum() == 11
    known = np.isfinite(frame)
    np.testing.assert_allclose(read[known], frame[known], atol=1.01 / 65534)
    assert np.isnan(product.frame(1)).all()


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_equal_inputs_give_equal_bytes(tmp_path: Path, layout: str) -> None:
    first, again = (contents(write(tmp_path / name, layout)) for name in ("one", "two"))
    assert first == again
    assert set(first) >= {"index.json"}


def test_a_published_product_goes_on_frame_by_frame(tmp_path: Path) -> None:
    whole = contents(write(tmp_path / "whole", "published", (0, 1, 2)))
    with pytest.raises(KeyboardInterrupt), writer_in(tmp_path / "broken", "published") as writer:
        writer.write(0, FRAME, LABELS)
        raise KeyboardInterrupt
    with pytest.raises(UserError, match="interrupted"):
        open_product(tmp_path / "broken")
    with writer_in(tmp_path / "broken", "published") as writer:
        assert [writer.has(index) for index in range(3)] == [True, False, False]
        for index in (1, 2):
            writer.write(index, FRAME + index, LABELS)
        writer.finish()
    assert contents(tmp_path / "broken") == whole


def test_an_interrupted_compact_product_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writer_in(tmp_path, "compact") as writer:
        writer.write(0, FRAME, LABELS)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_compact_takes_a_quarter_of_published(tmp_path: Path) -> None:
    shape, rng = (128, 128, 3), np.random.default_rng(0)
    sizes = {}
    for layout in ("published", "compact"):
        with ProductWriter(tmp_path / layout, layout, shape=shape, num_cells=1, horizon=8) as writer:
            for index in range(8):
                writer.write(index, rng.random(shape), np.zeros((128, 128, 2), np.int16))
            writer.finish()
        sizes[layout] = sum(len(content) for content in contents(tmp_path / layout).values())
    assert sizes["compact"] < sizes["published"] / 4


def test_annotations_that_differ_do_not_fit_the_compact_layout(tmp_path: Path) -> None:
    with writer_in(tmp_path, "compact") as writer:
        writer.write(0, FRAME, LABELS)
        writer.write(1, FRAME, LABELS.copy())
        with pytest.raises(UserError, match="annotation changes from frame to frame"):
            writer.write(2, FRAME, LABELS + 1)


@pytest.mark.parametrize("layout", ["published", "compact"])
def test_what_does_not_fit_is_refused(tmp_path: Path, layout: str) -> None:
    with writer_in(tmp_path, layout) as writer:
        for index, frame, labels in ((5, FRAME, LABELS), (0, FRAME[:3], LABELS), (0, FRAME, LABELS[..., :1])):
            with pytest.raises(ValueError, match="frame"):
                writer.write(index, frame, labels)
    with pytest.raises(UserError, match="layout is zip: expected one of published, compact"):
        writer_in(tmp_path, "zip")


def test_codes_spread_over_the_range() -> None:
    codes, scale, offset = quantise(FRAME)
    assert (codes.min(), codes.max(), offset) == (0, 65534, -0.5)
    assert scale == pytest.approx(2 / 65534)
    codes, scale, offset = quantise(np.full((2, 2), 3.0, np.float32))
    assert (codes.max(), scale, offset) == (0, 1.0, 3.0)


def test_codes_lie_in_memory_as_they_are_written() -> None:
    frame = np.linspace(0, 1, 24, dtype=np.float32).reshape(3, 4, 2).transpose(1, 0, 2)
    codes, scale, offset = quantise(frame)
    assert codes.flags.c_contiguous
    assert np.abs(codes * scale + offset - frame).max() <= scale

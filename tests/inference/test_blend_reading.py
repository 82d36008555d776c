import threading

import numpy as np
import pytest

from inference.blend_grid import BlendGrid
from inference.blend_reading import ReadOnce, batches
from inference.sources import ArraySource
from products.window import Window


class Counting(ArraySource):
    """Counts how often each pixel is read, and how many pixels are held by whoever reads."""

    def __init__(self, array):
        super().__init__(array)
        self.counts = np.zeros(array.shape[1:], int)
        self.threads = set()

    def read(self, window: Window) -> np.ndarray:
        rows, columns = window.inside(Window(0, 0, *self.counts.shape))
        self.counts[rows, columns] += 1
        self.threads.add(threading.get_ident())
        return super().read(window).copy()


def scene(height, width, bands=2):
    return np.random.default_rng(0).integers(0, 60000, (bands, height, width)).astype(np.uint16)


@pytest.mark.parametrize("border", ["reflect", "inside"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (5, 3), (8, 8), (9, 33), (37, 20)])
def test_windows_are_cut_from_the_reflected_scene_and_each_pixel_is_read_once(border, shape):
    array = scene(*shape)
    source = Counting(array)
    grid = BlendGrid.over(shape, 8, 0.5, border)
    reader = ReadOnce(source, grid, 4)
    padded = np.pad(array, ((0, 0), (8, 8), (8, 8)), mode="reflect")
    for window in grid.windows():
        expected = padded[:, window.row + 8 :, window.column + 8 :][:, : window.height, : window.width]
        np.testing.assert_array_equal(reader.read(window), expected)
    assert source.counts.min() == source.counts.max() == 1
    assert not reader._kept and not reader._wanted


def test_what_is_kept_does_not_grow_with_the_scene():
    grid = BlendGrid.over((160, 40), 8, 0.5, "reflect")
    reader = ReadOnce(ArraySource(scene(160, 40)), grid, 4)
    kept = []
    for window in grid.windows():
        reader.read(window)
        kept.append(sum(tile[0].size for tile in reader._kept.values()))
    assert max(kept) <= 3 * 4 * 40


@pytest.mark.parametrize("prefetch", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batches_come_in_order(prefetch, batch_size):
    grid = BlendGrid.over((20, 30), 8, 0.5, "reflect")
    source, windows = Counting(scene(20, 30)), grid.windows()
    expected = ReadOnce(source, grid, 4)
    pairs = [(window, expected.read(window)) for window in windows]
    source.threads.clear()
    found = []
    for group, cells in batches(ReadOnce(source, grid, 4), windows, batch_size, prefetch):
        assert len(group) == len(cells) <= batch_size
        found += zip(group, cells, strict=True)
    assert [window for window, _ in found] == windows
    for (_, cells), (_, wanted) in zip(found, pairs, strict=True):
        np.testing.assert_array_equal(cells, wanted)
    assert (threading.get_ident() in source.threads) == (not prefetch)


def test_a_closed_stream_reads_no_more():
    grid = BlendGrid.over((64, 64), 8, 0.5, "reflect")
    source = Counting(scene(64, 64))
    stream = batches(ReadOnce(source, grid, 4), grid.windows(), 1, True)
    next(stream)
    stream.close()
    assert source.counts.sum() < 64 * 64 / 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]

import pickle

import numpy as np
import pytest

from datamodules.product_cache import BlockStore, CachedProduct
from products.product_part import ProductPart
from products.window import Window
from tests.fakes.array_product import sentinel_like


def test_pixels_are_those_of_the_product_and_each_block_is_read_once():
    product = sentinel_like(72, 66)
    cached = CachedProduct(product, BlockStore(2**20), block_px=24)
    for window in (Window(3, 5, 40, 33), Window(0, 0, 72, 66), Window(25, 25, 4, 4)):
        rows, columns = window.inside(Window(0, 0, 72, 66))
        assert np.array_equal(cached.read(10, window), product.arrays[10][:, rows, columns])
    assert len(product.read_windows) == len(set(product.read_windows)) == 9
    cached.read(60, Window(0, 0, 12, 11))
    assert product.read_windows[9:] == [
        (60, Window(row, column, 4, min(4, 11 - column))) for row in (0, 4, 8) for column in (0, 4, 8)
    ]


def test_offsets_and_holes_are_those_of_the_product():
    product = sentinel_like(72, 66, offsets={"M1": -1000})
    product.arrays[20][0, 3, 4] = 0
    cached = CachedProduct(product, BlockStore(2**20), block_px=24)
    for mine, its in zip(
        *(p.read_harmonised(20, Window(2, 2, 9, 20)) for p in (cached, product)), strict=True
    ):
        assert np.array_equal(mine, its)


def test_the_least_used_block_goes_first():
    product = sentinel_like(72, 66)
    store = BlockStore(2 * 2 * 24 * 24 * 2)  # two blocks of the finest group
    cached = CachedProduct(product, store, block_px=24)
    for column in (0, 24, 0, 48, 0, 24):
        cached.read(10, Window(0, column, 4, 4))
    assert [window.column for _, window in product.read_windows] == [0, 24, 48, 24]
    assert store.size_bytes <= store.capacity_bytes


def test_nothing_outside_of_a_part_is_read():
    product = sentinel_like(72, 66)
    part = ProductPart(product, Window(24, 0, 24, 66))
    CachedProduct(part, BlockStore(2**20), block_px=512).read(10, Window(10, 10, 2, 2))
    assert product.read_windows == [(10, Window(24, 0, 24, 66))]


def test_a_pickle_holds_no_pixels():
    cached = CachedProduct(sentinel_like(72, 66), BlockStore(2**20), block_px=24)
    cached.read(10, Window(0, 0, 72, 66))
    again = pickle.loads(pickle.dumps(cached))
    assert again.store.size_bytes == 0
    assert np.array_equal(again.read(10, Window(0, 0, 9, 9)), cached.read(10, Window(0, 0, 9, 9)))


def test_another_process_opens_the_files_anew(monkeypatch):
    product = sentinel_like(72, 66)
    closed = []
    monkeypatch.setattr(product, "close", lambda: closed.append(True))
    cached = CachedProduct(product, BlockStore(2**20), block_px=24)
    cached.read(10, Window(0, 0, 4, 4))
    assert not closed
    monkeypatch.setattr("os.getpid", lambda: -7)
    cached.read(10, Window(30, 0, 4, 4))
    cached.read(10, Window(0, 30, 4, 4))
    assert closed == [True]


@pytest.mark.parametrize("block_px", [1, 7, 1000])
def test_any_size_of_block(block_px):
    product = sentinel_like(36, 36)
    cached = CachedProduct(product, BlockStore(2**20), block_px)
    assert np.array_equal(cached.read(20, Window(1, 2, 13, 11)), product.arrays[20][:, 1:14, 2:13])

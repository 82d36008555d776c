import numpy as np
import pytest

from products.grid import Grid
from products.product_part import ProductPart
from products.window import Window
from tests.fakes.array_product import landsat_like, sentinel_like


def test_a_part_is_a_product_of_its_own():
    whole = sentinel_like(72, 66, offsets={"M1": -1000})
    part = ProductPart(whole, Window(12, 6, 30, 24))
    assert {m: grid.shape for m, grid in part.grids.items()} == {10: (30, 24), 20: (15, 12), 60: (5, 4)}
    assert part.origin == {10: (12, 6), 20: (6, 3), 60: (2, 1)}
    found, _ = part.read_harmonised(20, Window(1, 0, 2, 3))
    assert np.array_equal(found, whole.arrays[20][:, 7:9, 3:6].astype(np.float32) - 1000)


def test_nothing_outside_can_be_read():
    part = ProductPart(sentinel_like(), Window(12, 6, 30, 24))
    for window in (Window(-1, 0, 4, 4), Window(14, 0, 2, 4)):
        with pytest.raises(ValueError, match="reaches beyond a part"):
            part.read(20, window)


def test_grids_keep_their_relation_and_their_place():
    part = ProductPart(landsat_like(), Window(8, 4, 21, 21))
    assert part.grids[15] == Grid(21, 21, part.grids[15].crs, (15.0, 0.0, 60.0, 0.0, -15.0, -120.0))
    assert part.grids[30].shape == (10, 10)
    assert (part.relation(30).factor, part.relation(30).row_offset) == (2, 0.5)


def test_a_part_begins_on_whole_pixels():
    with pytest.raises(ValueError, match="begins on no whole pixel of the 60 m grid"):
        ProductPart(sentinel_like(), Window(4, 0, 12, 12))

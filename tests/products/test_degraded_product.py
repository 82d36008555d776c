import numpy as np
import pytest

from errors import UserError
from products.degradation import degrade
from products.degraded_product import DegradedProduct
from products.window import Window
from tests.fakes.array_product import ground_ramp, landsat_like, sentinel_like


def test_groups_are_degraded_by_the_ratio_of_the_target():
    product = sentinel_like(72, 66)
    degraded = DegradedProduct(product, 20)
    assert {m: grid.shape for m, grid in degraded.grids.items()} == {10: (36, 33), 20: (18, 16)}
    assert np.array_equal(degraded.read(10, Window(0, 0, 36, 33)), degrade(product.arrays[10], 2))
    by_six = DegradedProduct(product, 60)
    assert {m: grid.shape for m, grid in by_six.grids.items()} == {10: (12, 11), 20: (6, 5), 60: (2, 1)}
    assert [by_six.relation(m).factor for m in (10, 20, 60)] == [1, 2, 6]


def test_half_a_pixel_stays_half_a_pixel():
    """The ramp of the ground says where every pixel lies: the degraded fine group on the coarse grid exactly."""
    product = landsat_like()
    degraded = DegradedProduct(product, 30)
    assert (degraded.relation(30).factor, degraded.relation(30).row_offset) == (2, 0.5)
    assert degraded.grids[15].shape == product.grids[30].shape
    for distance in (15, 30):
        grid = degraded.grids[distance]
        assert grid.transform is not None
        found = degraded.read(distance, Window(0, 0, *grid.shape))[0]
        # Borders are mirrored.
        np.testing.assert_allclose(found[1:-1, 1:-1], ground_ramp(grid)[1:-1, 1:-1], atol=0.02)
    np.testing.assert_allclose(degraded.grids[15].transform, product.grids[30].transform)


def test_windows_are_the_whole_and_holes_are_known():
    product = sentinel_like(72, 66, offsets={"F1": -1000})
    product.arrays[10][0, 30:34, 20:25] = 0
    degraded = DegradedProduct(product, 60)
    whole, valid = degraded.read_harmonised(10, Window(0, 0, 12, 11))
    assert sorted(map(tuple, np.argwhere(~valid).tolist())) == [(0, 5, 3), (0, 5, 4)]
    part, known = degraded.read_harmonised(10, Window(3, 2, 4, 5))
    assert np.array_equal(part, whole[:, 3:7, 2:7]) and np.array_equal(known, valid[:, 3:7, 2:7])


def test_what_cannot_be_degraded_is_refused():
    product = sentinel_like(36, 30)
    with pytest.raises(UserError, match="scene: found 6x5 pixels of 60 m, expected at least 6 rows"):
        DegradedProduct(product, 60)
    with pytest.raises(UserError, match="scene: found grids of 10 m, 20 m, 60 m, expected one of 30 m"):
        DegradedProduct(product, 30)

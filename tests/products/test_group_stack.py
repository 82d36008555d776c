import numpy as np

from products.group_stack import read_stack
from products.region import usable
from products.window import Window
from tests.fakes.array_product import landsat_like, sentinel_like


def test_groups_come_finest_first_and_tiles_are_the_whole():
    product = sentinel_like(72, 66)
    product.arrays[20][0, 10, 12] = 0
    window = usable(product, (10, 20, 60))
    whole, known = read_stack(product, (60, 20, 10), window)
    assert list(whole) == [10, 20, 60]
    assert all(pixels.shape[1:] == (72, 66) and pixels.dtype == np.float32 for pixels in whole.values())
    assert np.argwhere(~known).tolist() == [[20, 24], [20, 25], [21, 24], [21, 25]]
    tile, part = read_stack(product, (10, 20, 60), Window(17, 9, 20, 31))
    for distance, pixels in tile.items():
        np.testing.assert_allclose(pixels, whole[distance][:, 17:37, 9:40], rtol=1e-6)
    assert np.array_equal(part, known[17:37, 9:40])


def test_a_hole_does_not_darken_its_surroundings():
    product = sentinel_like(72, 66)
    product.arrays[20][:] = 3000
    product.arrays[20][0, 5:20, 5:20] = 0
    stack, _ = read_stack(product, (10, 20), Window(0, 0, 72, 66))
    np.testing.assert_allclose(stack[20], 3000, rtol=1e-3)


def test_a_shifted_group_lies_where_the_ground_is():
    product = landsat_like()
    window = usable(product, (15, 30))
    stack, known = read_stack(product, (15, 30), window)
    inner = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(
        stack[30][0][inner], stack[15][0][inner], atol=1.1
    )  # the ramps are whole numbers
    assert known.all()

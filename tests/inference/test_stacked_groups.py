import numpy as np

from inference.stacked_groups import StackedGroups
from products.window import Window
from tests.fakes.array_product import sentinel_like


def test_a_stack_has_all_groups_on_the_finest_grid_and_the_originals():
    product = sentinel_like(48, 60)
    product.arrays[20][0, 4, 5] = 0
    source = StackedGroups(product, [20, 10], originals=True)
    assert source.shape == (3, 48, 60)
    window = Window(6, 8, 10, 12)
    stack = source.read(window)
    assert {distance: array.shape for distance, array in stack.pixels.items()} == {
        10: (2, 10, 12),
        20: (1, 10, 12),
    }
    np.testing.assert_array_equal(stack.originals, product.arrays[10][:, 6:16, 8:20])
    assert stack.originals.dtype == np.uint16
    np.testing.assert_array_equal(stack.pixels[10], stack.originals)
    assert np.argwhere(~stack.valid[20][0]).tolist() == [[2, 2], [2, 3], [3, 2], [3, 3]]
    assert stack.pixels[20].min() > 0, "filled"


def test_what_is_not_wanted_is_not_read():
    product = sentinel_like(48, 60)
    stack = StackedGroups(product, [10, 60], originals=False).read(Window(0, 0, 48, 60))
    assert stack.originals is None
    assert [distance for distance, _ in product.read_windows] == [10, 60]

import numpy as np
import pytest

from products.crop_positions import CropPositions, centre_crop, tiles
from products.window import Window


def touches(a, b):
    rows = a.row < b.row + b.height and b.row < a.row + a.height
    return rows and a.column < b.column + b.width and b.column < a.column + a.width


@pytest.mark.parametrize(
    "excluded",
    [
        [],
        [Window(3, 4, 2, 5)],
        [Window(-2, -2, 4, 5), Window(8, 9, 10, 10), Window(3, 6, 3, 3), Window(4, 7, 3, 3)],
    ],
)
def test_draws_are_uniform_over_exactly_the_free_positions(excluded):
    every = [Window(row, column, 3, 2) for row in range(10 - 2) for column in range(12 - 1)]
    free = {window for window in every if not any(touches(window, other) for other in excluded)}
    crops = CropPositions(10, 12, 3, 2, excluded)
    assert crops.count == len(free)
    assert crops.fraction == len(free) / len(every)
    generator = np.random.default_rng(0)
    drawn = [crops.draw(generator) for _ in range(100 * len(free))]
    assert set(drawn) == free
    _, counts = np.unique(np.array(drawn), axis=0, return_counts=True)
    assert ((counts - 100) ** 2 / 100).sum() < 1.5 * len(
        free
    )  # chi squared; its mean is the number of positions


@pytest.mark.parametrize("excluded", [[], [Window(0, 0, 1, 1)]])
def test_no_position(excluded):
    size = 4 if excluded else 5
    crops = CropPositions(4, 4, size, size, excluded)
    assert crops.count == 0
    assert crops.fraction == 0
    with pytest.raises(ValueError, match="no window"):
        crops.draw(np.random.default_rng(0))


def test_a_scene_costs_no_more_than_a_thumbnail():
    crops = CropPositions(10980, 10980, 256, 256, [Window(1000, 1000, 1372, 1372)])
    assert crops.count == (10980 - 255) ** 2 - (1372 + 255) ** 2
    assert crops._cumulative.size == 9


def test_tiles_are_centred_and_do_not_overlap():
    assert centre_crop(10, 13, 4, 4) == Window(3, 4, 4, 4)
    found = tiles(Window(100, 200, 10, 13), 4, 4)
    assert found[0] == Window(101, 200, 4, 4)
    assert len(found) == 6
    assert not any(touches(a, b) for i, a in enumerate(found) for b in found[:i])
    assert tiles(Window(0, 0, 3, 9), 4, 4) == []

from itertools import pairwise

import numpy as np
import pytest

from datamodules.multiresolution_split import SplitOptions, places_of, same_ground, split_products
from errors import UserError
from products.grid import Grid
from products.product_part import ProductPart
from tests.fakes.array_product import landsat_like, sentinel_like

UTM = "EPSG:32633"


def placed(east: float, north: float = 6_000_000.0, **facts):
    product = sentinel_like(180, 60, **facts)
    for distance, grid in product.grids.items():
        transform = (float(distance), 0.0, east, 0.0, -float(distance), north)
        product.grids[distance] = Grid(grid.height, grid.width, UTM, transform)
    return product


def options(seed=0, margin=2, **fractions):
    return SplitOptions(fractions or {"val": 0.15, "test": 0.15}, margin, seed)


def native_rows(part, distance):
    row = part.origin[distance][0]
    return set(range(row, row + part.grids[distance].shape[0]))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("make", "target_m"), [
    (lambda: sentinel_like(240, 60), 20), (lambda: sentinel_like(720, 60), 60), (lambda: landsat_like(90, 30), 30),
])  # fmt: skip
def test_blocks_share_no_row_of_any_grid_and_leave_a_strip_between(make, target_m, seed):
    product = make()
    parts = split_products([product], target_m, options(seed))
    assert set(parts) == {"train", "val", "test"}
    for distance, grid in product.grids.items():
        rows = {name: native_rows(own[0], distance) for name, own in parts.items()}
        used = sorted(set.union(*rows.values()))
        assert len(used) == sum(map(len, rows.values()))  # disjoint
        assert used[0] >= 0 and used[-1] < grid.height
        assert sum(later - earlier > 1 for earlier, later in pairwise(used)) == 2
    assert len(native_rows(parts["train"][0], target_m)) > product.grids[target_m].height / 2


def test_the_seed_decides_where_the_test_lies():
    tops = {
        split_products([sentinel_like(240, 60)], 20, options(seed))["test"][0].origin[10][0]
        for seed in range(8)
    }
    assert len(tops) == 2


def test_only_what_is_wanted_is_taken():
    product = sentinel_like(240, 60)
    assert split_products([product], 20, options(val=0.0, test=0.0)) == {"train": [product]}
    parts = split_products([product], 20, options(test=0.2))
    assert set(parts) == {"train", "test"}
    assert all(isinstance(own[0], ProductPart) for own in parts.values())


def test_four_places_are_dealt_whole():
    products = [placed(300_000 + 5_000 * number, name=f"p{number}") for number in range(5)]
    products.append(placed(300_100, name="p0_another_date"))
    assert places_of(products) == [0, 1, 2, 3, 4, 0]
    for seed in range(5):
        parts = split_products(products, 20, options(seed))
        names = {name: {product.name for product in own} for name, own in parts.items()}
        assert sorted(name for own in names.values() for name in own) == sorted(p.name for p in products)
        assert len({places_of(products)[products.index(p)] for p in parts["val"]}) == 1
        (owner,) = [name for name, own in names.items() if "p0" in own]
        assert "p0_another_date" in names[owner]


def test_dates_of_one_place_are_cut_at_the_same_rows():
    first, second = placed(300_000, name="may"), placed(300_000, name="june", seed=1)
    parts = split_products([first, second], 20, options(seed=1))
    assert all(own[0].origin == own[1].origin for own in parts.values())
    assert same_ground(second, [placed(400_000), first]) is first
    shifted = placed(300_060, name="july")
    with pytest.raises(UserError, match=r"expected data\.val and data.test to be given"):
        split_products([first, shifted], 20, options())


def test_without_georeference_every_product_is_a_place():
    assert places_of([sentinel_like(), sentinel_like(), placed(0), landsat_like()]) == [0, 1, 2, 3]
    assert same_ground(sentinel_like(), [sentinel_like()]) is None


def test_a_product_that_is_too_small_to_divide_is_refused():
    with pytest.raises(UserError, match=r"scene: found 60 rows of 20 m, expected at least 66 to divide them"):
        split_products([sentinel_like(120, 60)], 20, options())


def test_tiny_fractions_still_give_enough_rows_to_score():
    parts = split_products([sentinel_like(480, 60)], 20, options(val=0.01))
    assert parts["val"][0].grids[20].height == 18
    assert np.prod(parts["val"][0].grids[10].shape) == 36 * 60

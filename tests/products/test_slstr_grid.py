import numpy as np

from products.slstr_grid import SlstrGrid, read_grid

# Of a real product of Sentinel-3B (its manifest).
STRIPE = SlstrGrid("an", 2400, 3000, 1996, 109763, (500, 500))
KILOMETRE = SlstrGrid("in", 1200, 1500, 998, 54882, (1000, 1000))
TIE = SlstrGrid("tx", 1200, 130, 64, 54882, (16000, 1000))


def test_the_ground_track_is_the_same_column_on_every_grid():
    for other in (KILOMETRE, TIE):
        _, columns = STRIPE.positions_on(other)
        assert columns[1996] == other.track_offset
        assert columns[1996 + 32] - columns[1996] == 32 * 500 / other.resolution[0]


def test_rows_are_counted_from_the_start_of_the_orbit():
    rows, _ = STRIPE.positions_on(KILOMETRE)
    np.testing.assert_array_equal(rows[:4], [-0.5, 0, 0.5, 1])  # an odd first row: half a 1 km pixel before


def test_old_products_with_one_start_offset_for_all_grids():
    stripe = SlstrGrid("an", 2396, 3000, 1996, 4081, (500, 500))
    rows, _ = stripe.positions_on(SlstrGrid("in", 1198, 1500, 998, 4081, (1000, 1000)))
    np.testing.assert_array_equal(rows[:3], [0, 0.5, 1])
    assert rows[-1] < 1198


def test_a_kilometre_covers_two_by_two_and_one_row_beyond_is_taken_from_the_margin():
    rows, columns, row_known, column_known = STRIPE.cells_on(KILOMETRE)
    np.testing.assert_array_equal(rows[:6], [0, 0, 0, 1, 1, 2])
    np.testing.assert_array_equal(columns[:4], [0, 0, 1, 1])
    assert row_known.all()
    assert column_known.all()
    assert rows.max() == 1199


def test_what_another_grid_does_not_reach_is_said():
    oblique = SlstrGrid("io", 1200, 900, 450, 54882, (1000, 1000))
    _, columns, _, known = STRIPE.cells_on(oblique)
    assert known.sum() == 1804  # 900 km, and one pixel on each side
    assert columns[known].min() == 0
    assert not known[0]


def test_attributes_as_texts_and_as_numbers():
    text = {
        "resolution": "[ 500 500 ]",
        "track_offset": np.int32(1996),
        "start_offset": np.array([109763], "i4"),
    }
    assert read_grid("an", (2400, 3000), text, KILOMETRE) == STRIPE
    numbers = {"resolution": np.array([16000, 1000]), "track_offset": 64, "start_offset": 54882}
    assert read_grid("tx", (1200, 130), numbers, KILOMETRE) == TIE


def test_what_a_file_does_not_say_comes_from_the_config():
    default = SlstrGrid("in", 1200, 1500, 998, 0, (1000, 1000))
    for silent in ({}, {"resolution": "unknown", "track_offset": "?"}):
        assert read_grid("in", (1200, 1500), silent, default) == default

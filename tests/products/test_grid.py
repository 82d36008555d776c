import pytest

from errors import UserError
from products.grid import Grid, GridRelation

UTM = 'PROJCS["a"]'


def grid(pixel: float, height: int, left: float = 0.0, top: float = 0.0, crs: str = UTM) -> Grid:
    return Grid(height, height, crs, (pixel, 0.0, left, 0.0, -pixel, top))


def test_nested_grids_have_no_offset():
    fine = grid(10, 10980, 499980, 5300040)
    assert fine.relation(grid(60, 1830, 499980, 5300040), 6) == GridRelation(6, 0.0, 0.0)


def test_the_panchromatic_grid_of_landsat_begins_half_a_pixel_earlier():
    fine = grid(15, 1207, 452467.5, 3408652.5)
    assert fine.relation(grid(30, 603, 452475.0, 3408645.0), 2) == GridRelation(2, 0.5, 0.5)


def test_without_georeference_grids_begin_at_the_same_corner():
    assert Grid(4, 4).relation(Grid(2, 2), 2) == GridRelation(2)


@pytest.mark.parametrize(
    ("coarse", "message"),
    [
        (grid(20, 10, crs='PROJCS["b"]'), "different coordinate reference systems"),
        (grid(30, 10), "expected a ratio of 2"),
        (grid(20, 10, left=50), "begin 0 rows and 5 columns apart"),
    ],
)
def test_grids_that_do_not_belong_together_are_refused(coarse: Grid, message: str):
    with pytest.raises(UserError, match=message):
        grid(10, 20).relation(coarse, 2, "x.SAFE")

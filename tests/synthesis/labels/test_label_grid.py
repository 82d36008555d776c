"""Grids of masks."""

import pytest
from rasterio.crs import CRS

from errors import UserError
from products.grid import Grid
from synthesis.labels.label_grid import label_grid

UTM, DEGREES = CRS.from_epsg(32632).to_wkt(), CRS.from_epsg(4326).to_wkt()


def grid(height, width, side=10.0, left=600_000.0, top=5_300_040.0, crs=UTM):
    return Grid(height, width, crs, (side, 0.0, left, 0.0, -side, top))


def made(given, resolution_m=None):
    return label_grid(given, resolution_m, 109_800, 1, "exolabs=FILE")


def test_exports_of_a_tile_lose_their_border():
    assert made(grid(10983, 10983)) == grid(10980, 10980, left=600_010.0, top=5_300_030.0)
    assert made(grid(10984, 10982), 60) == grid(1830, 1830, 60.0, 600_010.0, 5_300_030.0)


def test_tiles_and_their_parts_stay():
    assert made(grid(10980, 10980)) == grid(10980, 10980)
    assert made(grid(64, 10983)) == grid(64, 10983)
    assert made(grid(40, 48), 10) == grid(40, 48)


def test_coarser_pixels_begin_at_the_same_corner_and_end_inside():
    assert made(grid(41, 48), 20) == grid(20, 24, 20.0)
    assert made(grid(2, 2), 60).shape == (1, 1)


@pytest.mark.parametrize("given", [Grid(40, 48), grid(40, 48, 1e-4, 7.0, 46.0, DEGREES)])
def test_without_metres_there_is_no_resolution(given):
    assert made(given) == given
    with pytest.raises(
        UserError, match=r"exolabs=FILE: found no grid in metres, expected one for generator\.resolution_m=20"
    ):
        made(given, 20)

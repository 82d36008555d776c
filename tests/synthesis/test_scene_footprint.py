"""Footprints of scenes."""

import pytest
from rasterio.crs import CRS

from products.grid import Grid
from synthesis.scene_footprint import footprint_of

GRID = Grid(100, 200, CRS.from_epsg(32632).to_wkt(), (10.0, 0.0, 500_000.0, 0.0, -10.0, 5_100_000.0))


def test_metadata_list_latitude_first():
    (ring,) = footprint_of(GRID, "46.0 7.0 46.0 8.0 47.0 8.0 46.0 7.0")
    assert ring == ((7.0, 46.0), (8.0, 46.0), (8.0, 47.0), (7.0, 46.0))


def test_without_a_list_the_corners_of_the_grid_count():
    (ring,) = footprint_of(GRID)
    assert ring[0] == ring[-1] and len(ring) == 5
    # 500 000 m east is the central meridian of the zone, 9 degrees east.
    assert ring[0] == pytest.approx((9.0, 46.05), abs=0.01)
    # 2000 m east of it, 1000 m south: 111.2 km make a degree of latitude, 77.3 km one of longitude here.
    assert ring[2] == pytest.approx((9.0 + 2 / 77.3, ring[0][1] - 1 / 111.2), abs=1e-4)


def test_a_damaged_list_is_as_none():
    assert footprint_of(GRID, "46.0 north") == footprint_of(GRID, "46.0 7.0 46.0") == footprint_of(GRID)


def test_without_georeference_there_is_no_footprint():
    assert footprint_of(Grid(3, 4)) == ()


def test_across_the_date_line_there_are_two_parts():
    east, west = footprint_of(GRID, "1 179 1 -179 2 -179 2 179 1 179")
    assert {x for x, _ in east} == {179.0, 180.0} and {x for x, _ in west} == {-180.0, -179.0}
    assert {y for _, y in east} == {1.0, 2.0}

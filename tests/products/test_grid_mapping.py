import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import transform as transform_points

from errors import UserError
from products.grid import Grid
from products.grid_mapping import (
    centres_on,
    coordinates_on,
    described,
    edges_of,
    georeferenced,
    same_place,
)
from products.window import Window
from tests.fakes.masks import UTM, place

GRID = Grid(200, 300, UTM, place())
DEGREES = CRS.from_epsg(4326).to_wkt()
LONLAT = Grid(400, 400, DEGREES, (0.0003, 0.0, 8.9, 0.0, -0.0003, 45.2))


def test_points_lie_where_the_map_says():
    half = Grid(100, 150, UTM, place(20.0, row=-2, column=4))
    rows, columns = coordinates_on(half, GRID, np.array([0.0, 10.0]), np.array([4.0, 24.0]), "f")
    assert np.allclose(rows, [1, 6])
    assert np.allclose(columns, [0, 10])


@pytest.mark.parametrize("samples", [1, 3])
def test_centres_between_computed_points_are_right_to_a_centimetre(samples):
    window = Window(37, 61, 90, 75)
    rows, columns = centres_on(LONLAT, GRID, window, "f", samples)
    assert rows.shape == columns.shape == (90 * samples, 75 * samples)
    down = 37 + (np.arange(90 * samples) + 0.5) / samples
    right = 61 + (np.arange(75 * samples) + 0.5) / samples
    x, y = Affine(*GRID.transform) @ tuple(map(np.ravel, np.meshgrid(right, down)))
    longitude, latitude = transform_points(CRS.from_wkt(UTM), CRS.from_wkt(DEGREES), x, y)
    exact_columns, exact_rows = ~Affine(*LONLAT.transform) @ (np.array(longitude), np.array(latitude))
    centimetre = 0.01 / (0.0003 * 78_000)  # in pixels of longitude, the smaller ones
    assert np.abs(rows.ravel() - exact_rows).max() < centimetre
    assert np.abs(columns.ravel() - exact_columns).max() < centimetre


def test_every_window_gives_the_same():
    whole = centres_on(LONLAT, GRID, Window(0, 0, 200, 300), "f")
    window = Window(33, 64, 32, 7)
    part = centres_on(LONLAT, GRID, window, "f")
    for one, other in zip(whole, part, strict=True):
        assert np.allclose(one[window.inside(Window(0, 0, 200, 300))], other, atol=1e-9)


def test_grids_are_the_same_place_by_corner_and_system_or_by_size():
    assert same_place(GRID, Grid(200, 300))
    assert same_place(GRID, Grid(200, 300, CRS.from_epsg(32632).to_wkt(version="WKT2_2019"), place()))
    assert same_place(GRID, Grid(200, 300, UTM, (10.0, 0.0, 500_000.1, 0.0, -10.0, 5_000_000.0)))
    assert not same_place(GRID, Grid(200, 299))
    assert not same_place(GRID, Grid(200, 300, UTM, place(column=1)))
    assert not same_place(GRID, Grid(200, 300, UTM, (10.01, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0)))
    assert not same_place(GRID, Grid(200, 300, CRS.from_epsg(32633).to_wkt(), place()))


def test_georeference_needs_both():
    assert georeferenced(GRID, LONLAT)
    assert not georeferenced(GRID, Grid(2, 2))
    assert not georeferenced(Grid(2, 2, "", place()))


def test_edges_go_around():
    rows, columns = edges_of(Grid(4, 6))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 4, 0, 6)
    assert ((rows % 4 == 0) | (columns % 6 == 0)).all()


def test_grids_in_words():
    assert described(GRID) == ("200 x 300 pixels from x 500000 to 503000, y 4998000 to 5000000 in EPSG:32632")
    assert described(Grid(2, 3)) == "2 x 3 pixels without georeference"


def test_systems_without_a_way_between_are_one_sentence():
    with pytest.raises(UserError, match="f: found reference systems with no way between them"):
        coordinates_on(Grid(2, 2, "nonsense", place()), GRID, np.zeros(1), np.zeros(1), "f")

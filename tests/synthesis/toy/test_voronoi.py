import numpy as np
import pytest
from scipy.spatial import cKDTree
from shapely.geometry import Point, Polygon

from synthesis.toy.voronoi import bounded_polygons, published_polygons

ASPECT = 337 / 256


def points(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(size=(count, 2)) * [ASPECT, 1]


@pytest.mark.parametrize("count", [1, 2, 3, 16, 200])
def test_bounded_cells_tile_the_rectangle(count: int) -> None:
    polygons = [Polygon(cell) for cell in bounded_polygons(points(count), ASPECT)]
    assert all(polygon.is_valid for polygon in polygons)
    assert sum(polygon.area for polygon in polygons) == pytest.approx(ASPECT, rel=1e-9)


def test_a_cell_holds_what_is_nearest_to_its_point() -> None:
    seeds = points(16)
    places = points(300, seed=1)
    nearest = cKDTree(seeds).query(places)[1]
    for polygons in (bounded_polygons(seeds, ASPECT), published_polygons(seeds, ASPECT)):
        inside = [
            Polygon(polygons[cell]).contains(Point(place))
            for cell, place in zip(nearest, places, strict=True)
        ]
        assert np.mean(inside) == 1.0


def test_published_cells_stay_in_the_rectangle_and_are_closed() -> None:
    for cell in published_polygons(points(16), ASPECT):
        np.testing.assert_array_equal(cell[0], cell[-1])
        assert cell.min() >= 0
        assert cell[:, 0].max() <= ASPECT
        assert cell[:, 1].max() <= 1

import numpy as np
import pytest

from errors import UserError
from tests.fakes import slstr


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return slstr.reader().open(slstr.write(tmp_path_factory.mktemp("slstr"), bands=()))


def metres(one, other):
    """Distances between positions (small ones)."""
    east = np.radians((one.longitude - other.longitude + 180) % 360 - 180) * np.cos(np.radians(one.latitude))
    return 6371e3 * np.hypot(east, np.radians(one.latitude - other.latitude))


def test_positions_of_the_grid_itself(product):
    found = product.geolocation("an")
    longitude, latitude = slstr.place((60, 76), 50, 0.5, 0.5, -0.5)
    np.testing.assert_allclose(found.latitude, latitude, atol=1e-6)
    np.testing.assert_allclose(found.longitude, longitude, atol=1e-6)


def test_tie_points_serve_where_a_product_has_no_others_and_the_date_line_is_no_edge(product, tmp_path):
    partial = slstr.reader().open(slstr.write(tmp_path, bands=(), without=("geodetic_an.nc",)))
    found, truth = partial.geolocation("an"), product.geolocation("an")
    assert (truth.longitude < 0).any()  # across the date line
    assert (truth.longitude > 0).any()
    assert metres(found, truth).max() < 20


def test_a_product_without_positions_is_refused(tmp_path):
    folder = slstr.write(tmp_path, bands=(), without=("geodetic_an.nc", "geodetic_tx.nc"))
    with pytest.raises(
        UserError, match=r"found no geodetic_tx\.nc, expected it for the positions of the grid 'an'"
    ):
        slstr.reader().open(folder).geolocation("an")

import pickle

import numpy as np
import pytest

from errors import UserError
from products.window import Window
from tests.fakes import slstr

TRACKS = {"an": 50, "in": 25, "tn": 4}
STARTS = {"an": 109763, "in": 54882, "tn": 54882}


@pytest.fixture(scope="module")
def terminator(tmp_path_factory):
    """A product over which the sun sets."""
    folder = slstr.write(tmp_path_factory.mktemp("slstr"), bands=("S1",), zenith=(80.0, 94.0))
    return slstr.reader().open(folder)


@pytest.mark.parametrize(("grid", "shape"), [("an", (60, 76)), ("in", (30, 38))])
def test_zenith_on_image_grids_is_that_of_the_place(terminator, grid, shape):
    truth = slstr.angles_on(grid, shape, (80.0, 94.0), TRACKS, STARTS)
    found = terminator.sun_zenith(grid)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, truth, atol=2e-3)  # tie points beyond the image are unknown: continued


def test_windows_are_parts_of_the_whole(terminator):
    window = Window(3, 5, 20, 30)
    part = terminator.sun_zenith("an", window)
    np.testing.assert_array_equal(part, terminator.sun_zenith("an")[window.inside(Window(0, 0, 60, 76))])


def test_night_begins_at_the_configured_zenith_and_nothing_jumps_before(terminator):
    zenith, day = terminator.sun_zenith(), terminator.day()
    np.testing.assert_array_equal(day, zenith < 88)
    cosine = terminator._sun.day_cosine("an")
    assert np.isnan(cosine[~day]).all()
    rows = cosine[:, 40][day[:, 40]]
    assert rows.size > 20
    assert (np.diff(rows) < 0).all()  # monotonous to the very limit
    assert np.ptp(np.diff(rows)) < 1e-3


def test_the_limit_is_a_setting(terminator):
    early = slstr.reader(night_zenith_deg=85).open(terminator.path)
    assert 0 < early.day().sum() < terminator.day().sum()


def test_a_product_without_sun_zenith_tells_day_by_flags(tmp_path):
    folder = slstr.write(tmp_path, bands=("S1",), zenith=(80.0, 94.0), without=("geometry_tn.nc",))
    product = slstr.reader().open(folder)
    truth = slstr.angles_on("an", (60, 76), (80.0, 94.0), TRACKS, STARTS) < 90
    filled = product.valid()
    np.testing.assert_array_equal(product.day()[filled], truth[filled])
    with pytest.raises(UserError, match=r"found no geometry_tn\.nc, expected it for the sun zenith"):
        product.reflectance("S1")


def test_what_was_kept_is_not_pickled(terminator):
    terminator.day()
    assert len(pickle.dumps(terminator)) < 30_000

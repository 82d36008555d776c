import numpy as np
import pytest

from errors import UserError
from products.grid import Grid
from products.swath_family import MODIS, VIIRS
from products.swath_file import Field
from products.swath_geolocation import SwathGeolocation
from products.window import Window
from tests.fakes import swaths

FAMILIES = {"modis": MODIS, "viirs": VIIRS}
SCANS, WIDTH = 3, 64


class Arrays:
    """Positions as a file gives them."""

    path = "MOD03.hdf"

    def __init__(self, longitude, latitude):
        self.arrays = {"Longitude": longitude.astype("float32"), "Latitude": latitude.astype("float32")}
        self.fields = {name: Field(name, array.shape, "float32") for name, array in self.arrays.items()}

    def read(self, name, window):
        rows, columns = window.inside(Window(0, 0, *self.fields[name].shape))
        return self.arrays[name][rows, columns]


def located(instrument, arrays, width=WIDTH, scans=SCANS):
    finest = min(swaths.BANDS[instrument])
    grid = Grid(scans * swaths.SCAN_M[instrument] // finest, width)
    return SwathGeolocation(arrays, "Longitude", "Latitude", grid, finest, FAMILIES[instrument])


def metres_apart(found, longitude, latitude):
    east = ((found.longitude - longitude + 180) % 360 - 180) * np.cos(np.radians(latitude))
    return np.hypot(east, found.latitude - latitude) * 111195


@pytest.mark.parametrize("where", [{}, {"longitude": 179.95, "latitude": -16}, {"latitude": 89.9}])
@pytest.mark.parametrize(
    ("instrument", "known", "wanted"),
    [("modis", 1000, 250), ("modis", 1000, 500), ("modis", 1000, 1000), ("modis", 250, 1000),
     ("viirs", 375, 375), ("viirs", 750, 375), ("viirs", 375, 750)],
)  # fmt: skip
def test_every_pixel_lies_where_it_was_seen(instrument, known, wanted, where):
    """Scans overlap, columns of MODIS share their first centre, and neither the date line nor the pole is special."""
    file = Arrays(*swaths.positions(instrument, known, SCANS, WIDTH, **where))
    longitude, latitude = swaths.positions(instrument, wanted, SCANS, WIDTH, **where)
    geolocation = located(instrument, file)
    found = geolocation.read(wanted, Window(0, 0, *latitude.shape))
    assert metres_apart(found, longitude, latitude).max() < 4  # what float32 degrees resolve
    part = Window(7, 3, 11, 5)
    again = geolocation.read(wanted, part)
    np.testing.assert_allclose(again.latitude, found.latitude[7:18, 3:8], atol=1e-9)


def test_positions_of_every_fifth_pixel():
    """As MODIS's 1 km products of Level 1B have them: the middle ones of blocks of 5 x 5."""
    longitude, latitude = swaths.positions("modis", 1000, SCANS, 240)
    geolocation = located("modis", Arrays(longitude[2::5, 2::5], latitude[2::5, 2::5]), width=240)
    found = geolocation.read(250, Window(0, 0, 120, 240))
    assert metres_apart(found, *swaths.positions("modis", 250, SCANS, 240)).max() < 5


def test_an_unknown_position_spoils_its_neighbours_only():
    longitude, latitude = swaths.positions("modis", 1000, SCANS, WIDTH)
    latitude[12, 5] = longitude[12, 5] = -999
    found = located("modis", Arrays(longitude, latitude)).read(250, Window(0, 0, 120, WIDTH))
    lost = np.isnan(found.latitude)
    rows, columns = np.nonzero(lost)
    assert 0 < lost.sum() < 120
    assert (rows.min(), rows.max()) == (46, 53)  # centres between those of the 1 km rows 11 and 13
    assert (columns.min(), columns.max()) == (17, 23)
    assert np.array_equal(lost, np.isnan(found.longitude))


@pytest.mark.parametrize("shape", [(30, 17), (33, 16), (29, 16)])
def test_positions_of_another_granule_do_not_fit(shape):
    with pytest.raises(
        UserError, match=rf"found positions of {shape[0]} x {shape[1]} pixels, which do not fit"
    ):
        located("modis", Arrays(np.zeros(shape), np.zeros(shape)))


def test_rows_that_are_no_whole_scans_are_taken_as_one(caplog):
    latitude, longitude = np.mgrid[0:9, 0:8] * 0.01
    grid = Grid(36, 32)
    geolocation = SwathGeolocation(Arrays(longitude, latitude), "Longitude", "Latitude", grid, 250, MODIS)
    assert "no whole scans" in caplog.text
    found = geolocation.read(250, Window(0, 0, 36, 32))
    np.testing.assert_allclose(found.latitude[:, 0], (np.arange(36) - 1.5) * 0.0025, atol=1e-6)
    np.testing.assert_allclose(found.longitude[0], np.arange(32) * 0.0025, atol=1e-6)

import shutil

import numpy as np
import pytest

from errors import UserError
from products.swath_companion import find_arrays, open_swath_file
from products.swath_file import Field
from products.window import Window
from tests.fakes import swaths


class Named:
    """A file of float arrays of these names and sizes."""

    def __init__(self, **shapes):
        self.fields = {name: Field(name, shape, "float32") for name, shape in shapes.items()}


def located(path, instrument, **options):
    with swaths.sensor(instrument, **options).open(path) as product:
        found = product.geolocation(product.finest_m, Window(40, 8, 4, 4))
        return product.geolocation_path, found


def expected(instrument):
    longitude, latitude = swaths.positions(instrument, min(swaths.BANDS[instrument]), 2, 64)
    return longitude[40:44, 8:12], latitude[40:44, 8:12]


@pytest.mark.parametrize("hdf5", [False, True])
@pytest.mark.parametrize("instrument", ["modis", "viirs"])
def test_positions_come_from_the_product_or_from_the_file_beside_it(tmp_path, instrument, hdf5):
    own = swaths.write(tmp_path / "own", instrument, hdf5=hdf5)
    beside = swaths.write(tmp_path / "beside", instrument, hdf5=hdf5, geolocation="companion")
    for path, holder in ((own, own), (beside, beside.parent / swaths.COMPANIONS[instrument])):
        found_at, found = located(path, instrument)
        assert found_at == holder
        np.testing.assert_allclose([found.longitude, found.latitude], expected(instrument), atol=2e-5)


def test_without_positions_there_are_none(tmp_path):
    assert located(swaths.write(tmp_path, geolocation=None), "modis") == (None, None)


def test_the_file_that_the_product_names_goes_before_a_newer_one(tmp_path):
    path = swaths.write(
        tmp_path, "viirs", geolocation="companion", attributes={"InputPointer": f"VNP02.x.nc,{swaths.COMPANIONS['viirs']},a"}
    )  # fmt: skip
    named = tmp_path / swaths.COMPANIONS["viirs"]
    newer = shutil.copy(named, tmp_path / "VNP03IMG.A2019021.0048.002.2024001000000.nc")
    shutil.copy(named, tmp_path / "VNP03MOD.A2019021.0048.002.2024001000000.nc")
    assert located(path, "viirs")[0] == named
    named.unlink()
    assert located(path, "viirs")[0] == newer


def test_positions_elsewhere(tmp_path):
    path = swaths.write(tmp_path / "a", geolocation="companion")
    (tmp_path / "b").mkdir()
    moved = shutil.move(path.parent / swaths.COMPANIONS["modis"], tmp_path / "b")
    assert located(path, "modis", geolocation=str(tmp_path / "b"))[0].parent.name == "b"
    assert str(located(path, "modis", geolocation=str(moved))[0]) == str(moved)
    with pytest.raises(UserError, match=r"found no geolocation product of MOD09.*expected one"):
        located(path, "modis", geolocation=str(tmp_path / "a"))


def test_positions_that_do_not_fit_are_refused(tmp_path):
    path = swaths.write(tmp_path, geolocation=None)
    for name, scans, message in (
        (
            "MOD03.A2019021.0045.061.x.hdf",
            2,
            r"found positions of Terra, A2019021.0045, expected those of MOD09",
        ),
        ("MYD03.A2019021.0040.061.x.hdf", 2, r"found positions of Aqua"),
        ("MOD03.A2019021.0040.061.x.hdf", 3, r"found positions of 30 x 16 pixels, which do not fit"),
    ):
        longitude, latitude = swaths.positions("modis", 1000, scans, 64)
        arrays = {"Longitude": longitude.astype("float32"), "Latitude": latitude.astype("float32")}
        other = swaths.companion(tmp_path / "other" / name, arrays)
        with pytest.raises(UserError, match=message):
            located(path, "modis", geolocation=str(other))
    other = swaths.write(tmp_path / "other", geolocation=None)
    with pytest.raises(UserError, match=r"found no Latitude and Longitude, expected a geolocation product"):
        located(path, "modis", geolocation=str(other))


def test_the_finest_positions_of_a_file_are_taken():
    pairs = {
        f"{axis}_at_{metres}m_resolution": (12000 // metres, 8)
        for axis in ("Latitude", "Longitude")
        for metres in (750, 375)
    }
    found = find_arrays(Named(**pairs, Latitude_of_nadir=(99, 99)))
    assert found == ("Longitude_at_375m_resolution", "Latitude_at_375m_resolution")
    assert find_arrays(Named(Latitude=(4, 4))) is None


def test_what_is_no_hdf_file_is_refused(tmp_path):
    (tmp_path / "a.hdf").write_text("<html>please log in</html>")
    for path, found in (
        (tmp_path / "a.hdf", "other content"),
        (tmp_path, "a folder"),
        (tmp_path / "b", "no such file"),
    ):
        with pytest.raises(UserError, match=f"found {found}, expected an HDF4, HDF5 or netCDF-4 file"):
            open_swath_file(path)

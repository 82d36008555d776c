import pickle
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from products.raster_group import BandFile, RasterGroup, raster_groups
from products.sensor import Sensor
from products.window import Window
from tests.fakes.raster_folder import noise, write_raster


def sensor(**changes) -> Sensor:
    bands = {
        "A": {"ground_sample_distance_m": 10},
        **{name: {"ground_sample_distance_m": 20} for name in "XYZ"},
    }
    facts = {
        "name": "toy",
        "bands": bands,
        "dtype": "uint16",
        "nodata": 0,
        "valid_range": [1, 65535],
        "readers": [],
    }
    return Sensor(**{**facts, **changes})


def test_bands_of_several_files_come_in_the_order_asked_for(tmp_path: Path):
    pair, single = noise(1, 2, 9, 11), noise(2, 9, 11)
    one = str(write_raster(tmp_path / "pair.tif", pair, pixel_m=20))
    other = str(write_raster(tmp_path / "single.tif", single, pixel_m=20))
    group = RasterGroup({"X": BandFile(one, 2), "Y": BandFile(one, 1), "Z": BandFile(other)}, sensor())
    expected = np.stack([pair[1], pair[0], single])[:, 2:7, 3:10]
    np.testing.assert_array_equal(group.read(Window(2, 3, 5, 7)), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(group)).read(Window(2, 3, 5, 7)), expected)
    assert group.grid.shape == (9, 11)
    assert group.grid.transform == (20, 0, 300000, 0, -20, 6000000)


def test_what_a_file_calls_no_data_becomes_the_sensors(tmp_path: Path):
    pixels = np.array([[-99, 5], [0, 7]], "int16")
    path = str(write_raster(tmp_path / "a.tif", pixels, nodata=-99))
    group = RasterGroup({"A": BandFile(path)}, sensor(dtype="int16", nodata=-1))
    assert group.read(Window(0, 0, 2, 2)).tolist() == [[[-1, 5], [0, 7]]]


def test_nan_becomes_the_sensors_no_data(tmp_path: Path):
    pixels = np.array([[np.nan, 0.5], [-9999, 0.25]], "float32")
    path = str(write_raster(tmp_path / "a.tif", pixels, nodata=-9999))
    group = RasterGroup({"A": BandFile(path)}, sensor(dtype="float32", nodata=-1))
    assert group.read(Window(0, 0, 2, 2)).tolist() == [[[-1, 0.5], [-1, 0.25]]]


def test_groups_are_those_whose_bands_are_known(tmp_path: Path):
    path = str(write_raster(tmp_path / "a.tif", noise(1, 4, 4)))
    assert list(raster_groups({"A": BandFile(path)}, sensor())) == [10]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"pixels": noise(1, 4, 5)}, "found Y with 4 x 5 pixels, expected 4 x 4 as of X"),
        ({"pixels": noise(1, 4, 4), "left": 300020.0}, "found Y on another grid than X"),
        ({"pixels": noise(1, 4, 4), "epsg": 32634}, "found Y on another grid than X"),
        (
            {"pixels": noise(1, 4, 4).astype("float32")},
            r"found pixels of type float32, expected uint16 \(Y\)",
        ),
    ],
)
def test_bands_that_do_not_belong_together_are_refused(tmp_path: Path, other, message):
    first = str(write_raster(tmp_path / "x.tif", noise(1, 4, 4), pixel_m=20))
    second = str(write_raster(tmp_path / "y.tif", **{"pixel_m": 20, **other}))
    with pytest.raises(UserError, match=message):
        RasterGroup({"X": BandFile(first), "Y": BandFile(second)}, sensor())


def test_a_band_that_the_file_lacks_is_refused(tmp_path: Path):
    path = str(write_raster(tmp_path / "x.tif", noise(1, 4, 4)))
    with pytest.raises(UserError, match="found 1 bands, expected X as number 3"):
        RasterGroup({"X": BandFile(path, 3)}, sensor())

import numpy as np
import pytest
import rasterio

from errors import UserError
from inference.super_resolution import super_resolve
from inference.swath_placement import SwathPlacement
from products.window import Window
from tests.fakes import swaths
from tests.fakes.array_product import landsat_like, sentinel_like
from tests.fakes.small_resolvers import small_resolver

GRID = {"crs": "EPSG:32633", "resolution_m": 400, "method": "nearest"}


@pytest.fixture(scope="module")
def sensor():
    return swaths.sensor("viirs")


@pytest.fixture(scope="module")
def granule(tmp_path_factory):
    return swaths.write(tmp_path_factory.mktemp("swath"), "viirs", hdf5=True, special=swaths.NODATA)


def resolve(sensor, product, output, **options):
    network = small_resolver(sensor, 750, features=4, scale=16100, offset=100)
    return super_resolve(network, None, product, output, sensor=sensor, progress=False, **options)


def test_pixels_of_a_swath_get_their_positions_and_no_invented_map(tmp_path, sensor, granule):
    resolve(sensor, granule, tmp_path / "out.tif", region={"pixels": [8, 10, 50, 59], "minimum_side_m": 0})
    assert {path.name for path in tmp_path.iterdir()} == {"out.tif", "out.geolocation.tif"}
    with (
        rasterio.open(tmp_path / "out.tif") as file,
        rasterio.open(tmp_path / "out.geolocation.tif") as positions,
        sensor.open(granule) as product,
    ):
        assert file.crs is None and file.transform.is_identity and file.dtypes[0] == "int16"
        assert file.tags(ns="GEOLOCATION")["X_DATASET"] == "out.geolocation.tif"
        assert file.shape == positions.shape == (50, 44)
        expected = product.geolocation(375, Window(10, 8, 50, 44))
        np.testing.assert_allclose(positions.read(1), expected.longitude, atol=1e-4)
        np.testing.assert_array_equal(file.read([1, 2, 3]), product.read(375, Window(10, 8, 50, 44)))


def test_special_numbers_of_a_swath_become_nodata(tmp_path, sensor, granule):
    resolve(sensor, granule, tmp_path / "out.tif")
    with rasterio.open(tmp_path / "out.tif") as file:
        pixels = file.read()
        assert file.nodata == swaths.NODATA
    missing = np.zeros(pixels.shape[1:], bool)
    missing[:8, :8] = True
    np.testing.assert_array_equal(pixels[3:] == swaths.NODATA, np.broadcast_to(missing, pixels[3:].shape))
    assert pixels[3:][pixels[3:] != swaths.NODATA].min() >= -100


def test_an_archive_of_a_swath_has_its_positions(tmp_path, sensor, granule):
    resolve(sensor, granule, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as archive, sensor.open(granule) as product:
        assert list(archive)[-3:] == ["SRM11", "longitude", "latitude"]
        whole = Window(0, 0, *product.grids[375].shape)
        np.testing.assert_allclose(archive["latitude"], product.geolocation(375, whole).latitude, rtol=1e-6)


@pytest.mark.parametrize("driver", [None, "COG"])
def test_a_swath_on_a_stated_grid(tmp_path, sensor, granule, driver):
    figures = resolve(sensor, granule, tmp_path / "out.tif", swath={"grid": GRID}, driver=driver)
    assert [path.name for path in tmp_path.iterdir()] == ["out.tif"]
    with rasterio.open(tmp_path / "out.tif") as file:
        assert file.crs.to_epsg() == 32633 and file.res == (400, 400)
        assert file.shape == (figures["rows"], figures["columns"])
        assert file.descriptions[3] == "SRM1 (412 nm)" and (file.read(4) > 0).any()


def test_formats_without_positions_and_impossible_grids_are_refused(tmp_path, sensor, granule):
    with pytest.raises(UserError, match=r"driver=COG: found a format that carries no positions"):
        resolve(sensor, granule, tmp_path / "out.tif", driver="COG")
    with pytest.raises(UserError, match=r"swath\.grid"):
        resolve(sensor, granule, tmp_path / "out.tif", swath={"grid": {"resolution_m": 300}})
    with pytest.raises(UserError, match=r"swath\.grid: .* has no positions to resample from"):
        SwathPlacement(sentinel_like(), Window(0, 0, 6, 6), "GTiff", grid=GRID)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_is_known_nothing_is_invented(caplog):
    placement = SwathPlacement(sentinel_like(), Window(0, 0, 6, 6), "COG", grid=None)
    assert "neither a map projection nor positions" in caplog.text
    assert placement.arrays() == {}


def test_products_on_a_map_need_nothing(tmp_path):
    unset = dict.fromkeys(("crs", "resolution_m")) | {"method": "nearest"}
    placement = SwathPlacement(landsat_like(), Window(0, 0, 6, 6), "COG", grid=unset)
    assert placement.place(tmp_path / "a.tif", tmp_path, "b.tif") == tmp_path / "a.tif"
    assert placement.arrays() == {}
    with pytest.raises(UserError, match=r"swath\.grid: .* lies on a map already"):
        SwathPlacement(landsat_like(), Window(0, 0, 6, 6), "GTiff", grid=GRID)

import pickle

import h5netcdf
import numpy as np
import pytest
import xarray

from errors import UserError
from products.window import Window
from tests.fakes import slstr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return slstr.write(tmp_path_factory.mktemp("slstr"), seed=5)


@pytest.fixture(scope="module")
def product(folder):
    return slstr.reader().open(folder)


def test_what_a_product_is(product):
    assert (product.platform, product.collection) == ("S3B", "004")
    assert product.start.isoformat() == "2023-09-08T09:34:09+00:00"
    assert product.bands == ("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "F1", "F2")
    assert product.manifest.cloudy_percent["1 km"] == pytest.approx(50, abs=1)
    assert product.grid("an").shape == (60, 76)


@pytest.mark.parametrize("band", ["S1", "S3", "S5"])
def test_reflectance_is_that_of_the_ground_whatever_the_sun(product, band):
    cloud = slstr.clouds(60, 76, seed=5)
    found = product.reflectance(band)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(np.arange(76) < 4, (60, 76)))
    for mask, level in ((cloud, slstr.CLOUD[band]), (~cloud, slstr.OCEAN[band])):
        part = found[:, 4:][mask[:, 4:]]
        step = np.pi * slstr.SCALES[band] / slstr.IRRADIANCE[band]  # of the stored numbers
        assert part.min() > 0.9 * level - step
        assert part.max() < 1.1 * level + step


def test_radiance_is_what_xarray_reads(folder, product):
    with xarray.open_dataset(folder / "S1_radiance_an.nc", engine="h5netcdf") as dataset:
        np.testing.assert_allclose(product.radiance("S1"), dataset["S1_radiance_an"].values, rtol=1e-6)


def test_files_that_xarray_writes_are_read(tmp_path):
    product = tmp_path / slstr.NAME
    product.mkdir()
    values = np.linspace(1, 200, 48).reshape(6, 8)
    dataset = xarray.Dataset(
        {"S2_radiance_an": (("rows", "columns"), values)},
        attrs={"track_offset": 4, "start_offset": 8162, "resolution": "[ 500 500 ]"},
    )
    encoding = {"S2_radiance_an": {"dtype": "i2", "scale_factor": 0.0145, "_FillValue": -32768}}
    dataset.to_netcdf(product / "S2_radiance_an.nc", engine="h5netcdf", encoding=encoding)
    opened = slstr.reader().open(product)
    np.testing.assert_allclose(opened.radiance("S2"), values, atol=0.0145 / 2)
    assert opened.grid("an").track_offset == 4


def test_brightness_temperatures_on_their_own_grids(product, tmp_path):
    found = product.brightness_temperature("S8")
    assert found.shape == (30, 38)
    assert np.isnan(found[:, :2]).all()
    assert 245 < np.nanmin(found) < 255
    assert 285 < np.nanmax(found) < 295
    old = slstr.reader().open(slstr.write(tmp_path, name=slstr.OTHER, bands=("F1",), fire_grid="in"))
    assert np.nanmax(old.brightness_temperature("F1")) > 285


def test_windows_are_parts_of_the_whole(folder):
    window = Window(10, 20, 30, 40)
    fresh, whole = slstr.reader().open(folder), slstr.reader().open(folder)
    expected = whole.reflectance("S3")[10:40, 20:60]
    np.testing.assert_array_equal(fresh.reflectance("S3", window), expected)
    np.testing.assert_array_equal(whole.reflectance("S3", window), expected)
    with pytest.raises(ValueError, match="is not inside"):
        fresh.radiance("S3", Window(0, 0, 61, 76))


def test_night_has_no_reflectance_and_nothing_jumps_at_the_terminator(tmp_path):
    clear = np.zeros((60, 76), bool)
    product = slstr.reader().open(slstr.write(tmp_path, bands=("S1",), cloud=clear, zenith=(80.0, 94.0)))
    found = product.reflectance("S1")[:, 4:]
    zenith = product.sun_zenith()[:, 4:]
    assert np.isnan(found[zenith >= 88]).all()
    assert np.isfinite(found[zenith < 88]).all()
    assert found[zenith < 88].max() < 0.1  # 0.08 +- 10 %, and the step of the stored numbers


def test_factors_of_calibration_are_a_setting(folder, product):
    scaled = slstr.reader(bands={"S5": {"radiance_factor": 1.11}}).open(folder)
    np.testing.assert_allclose(scaled.radiance("S5"), product.radiance("S5") * 1.11, rtol=1e-6)


def test_only_the_needed_files_are_asked_for(tmp_path):
    everything_else = ("flags_an.nc", "flags_in.nc", "geodetic_tx.nc", "geodetic_an.nc", "xfdumanifest.xml")
    product = slstr.reader().open(slstr.write(tmp_path / "1", bands=("S1",), without=everything_else))
    assert np.isfinite(product.reflectance("S1")).any()
    masks = slstr.reader().open(slstr.write(tmp_path / "2", bands=()))
    assert masks.cloud_mask().shape == (60, 76)
    with pytest.raises(UserError, match=r"found no S1_radiance_an\.nc, expected it for the radiance of S1"):
        masks.reflectance("S1")


def test_the_irradiance_is_that_of_the_product_else_that_of_the_config(folder, product, tmp_path, caplog):
    assert product.solar_irradiance("S1") == pytest.approx(1858.954)
    bare = slstr.write(tmp_path, bands=("S1", "S4"), without=("S1_quality_an.nc", "S4_quality_an.nc"))
    assert slstr.reader().open(bare).solar_irradiance("S1") == 1858.954
    assert "that of the config is taken" in caplog.text
    with pytest.raises(UserError, match=r"found no solar irradiance of S4, expected it in S4_quality_an\.nc"):
        slstr.reader().open(bare).reflectance("S4")


def test_detectors_are_averaged_and_unknown_ones_left_out(tmp_path):
    product = slstr.write(tmp_path, bands=("S1",))
    with h5netcdf.File(product / "S1_quality_an.nc", "a") as file:
        file["S1_solar_irradiance_an"][...] = np.array([1800, np.nan, 0, 1900], "f4")
    assert slstr.reader().open(product).solar_irradiance("S1") == 1850


def test_an_unknown_band_or_quantity_is_refused(product):
    with pytest.raises(UserError, match="band S7: found no radiance of that name, expected one of S1, S2"):
        product.radiance("S7")
    with pytest.raises(UserError, match="band S1: found no BT of that name, expected one of S7"):
        product.brightness_temperature("S1")


def test_another_product_type_is_refused(tmp_path):
    other = slstr.write(tmp_path, bands=(), name=slstr.NAME.replace("SL_1_RBT", "SL_2_LST"))
    with pytest.raises(UserError, match="found a product of type SL_2_LST, expected SL_1_RBT"):
        slstr.reader().open(other)


def test_a_renamed_folder_is_known_by_its_manifest(folder, tmp_path):
    renamed = tmp_path / "product 7"
    renamed.symlink_to(folder)
    assert slstr.reader().open(renamed).name == slstr.NAME.removesuffix(".SEN3")


def test_a_damaged_manifest_concerns_only_who_asks_it(tmp_path):
    folder = slstr.write(tmp_path, bands=())
    (folder / "xfdumanifest.xml").write_text("<cut")
    product = slstr.reader().open(folder)
    assert product.cloud_mask().any()
    with pytest.raises(UserError, match=r"xfdumanifest\.xml: found no plain XML"):
        _ = product.manifest


def test_a_product_can_be_handed_to_another_process(product):
    product.reflectance("S1")
    again = pickle.loads(pickle.dumps(product))
    np.testing.assert_array_equal(again.cloud_mask(), product.cloud_mask())


@pytest.mark.real
def test_a_real_folder_that_holds_nothing_but_its_manifest(real_data):
    product = slstr.reader().open(real_data / "slstr" / slstr.NAME)
    assert (product.platform, product.bands) == ("S3B", ())
    with pytest.raises(UserError, match=r"found no flags_an\.nc, expected it for the flags"):
        product.cloud_mask()

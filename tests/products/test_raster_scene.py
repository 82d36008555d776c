import pickle

import numpy as np
import pytest
import rasterio

from errors import UserError
from products.raster_scene import RasterScene
from products.window import Window
from tests.fakes import masks
from tests.fakes.array_product import sensor

LIKE = sensor({"B2": 10, "B3": 10, "B4": 10})
WINDOW = Window(3, 5, 20, 30)


def written(path, array, names=None, scales=None, offsets=None, tags=None, **options):
    masks.raster(path, array, **options)
    with rasterio.open(path, "r+") as file:
        if names:
            file.descriptions = names
        if scales:
            file.scales = scales
        if offsets:
            file.offsets = offsets
        file.update_tags(**(tags or {}))
    return path


def numbers(dtype="uint16", low=1):
    return np.random.default_rng(1).integers(low, 9000, (3, 40, 50)).astype(dtype)


def test_a_file_names_its_bands(tmp_path):
    stored = numbers()
    path = written(tmp_path / "32TNS_2021-01-26.tif", stored, ("B02", "B03", "B04"), tags={"A": "b"})
    scene = RasterScene(path, sensor=LIKE, bands=("B4", "B2"))
    assert (scene.bands, scene.name, str(scene.key)) == (("B4", "B2"), "32TNS_2021-01-26", "T32TNS_20210126")
    assert scene.grid.transform == masks.place()
    assert scene.tags["A"] == "b"
    assert not scene.synthetic
    for same in (scene, pickle.loads(pickle.dumps(scene))):
        pixels, valid = same.read(WINDOW)
        assert (pixels.dtype, valid.all()) == (np.float32, True)
        assert np.array_equal(pixels, stored[[2, 0], 3:23, 5:35])


def test_no_data_is_what_the_file_says_and_0(tmp_path):
    stored = numbers()
    stored[1, 10, 10], stored[0, 11, 11] = 0, 65535
    path = written(tmp_path / "a.tif", stored, nodata=65535)
    pixels, valid = RasterScene(path).read(WINDOW)
    assert not valid[7, 5]
    assert not valid[8, 6]
    assert valid.sum() == valid.size - 2
    assert not pixels[:, ~valid].any()
    assert RasterScene(path, nodata=None).read(WINDOW)[1].sum() == valid.size - 1


def test_floats_have_no_data_where_they_are_nan_or_void(tmp_path):
    stored = numbers("float32") / 10_000
    stored[0, 10, 10], stored[:, 11, 11], stored[1, 12, 12], stored[2, 13, 13] = np.nan, 0, 0, -9999
    path = written(tmp_path / "a.tif", stored, nodata=-9999)
    pixels, valid = RasterScene(path, scale=10_000).read(WINDOW)
    assert np.argwhere(~valid).tolist() == [[7, 5], [8, 6], [10, 8]]
    assert np.isfinite(pixels).all()
    assert np.allclose(pixels[:, valid], 10_000 * stored[:, 3:23, 5:35][:, valid], rtol=1e-6)


@pytest.mark.parametrize(
    ("facts", "options", "expected"),
    [
        ({}, {}, lambda stored: stored),
        ({}, {"scale": 2.0, "offset": -1000.0}, lambda stored: 2.0 * stored - 1000),
        ({"scales": (1e-4,) * 3, "offsets": (-0.1,) * 3}, {"scale": 5.0}, lambda stored: stored - 1000.0),
        ({"offsets": (-1000.0,) * 3}, {"scale": 5.0}, lambda stored: stored - 1000.0),
        ({"scales": (2e-5,) * 3, "offsets": (-0.1,) * 3}, {}, lambda stored: 0.2 * stored - 1000),
        ({"tags": {"NADIR_HARMONISED": "1"}}, {"scale": 5.0, "offset": 7.0}, lambda stored: stored),
        (
            {"tags": {"NADIR_HARMONISED": "1"}, "offsets": (-1.0,) * 3},
            {"scale": 5.0},
            lambda stored: stored - 1.0,
        ),
    ],
)
def test_what_the_file_says_of_its_numbers_holds(tmp_path, facts, options, expected):
    stored = numbers()
    path = written(tmp_path / "a.tif", stored, **facts)
    pixels, valid = RasterScene(path, **options).read(WINDOW)
    assert valid.all()
    assert np.allclose(pixels, expected(stored[:, 3:23, 5:35].astype(np.float64)), rtol=1e-6, atol=1e-3)


def test_whole_numbers_stay_exact_under_a_scale_of_reflectance(tmp_path):
    stored = numbers()
    path = written(tmp_path / "a.tif", stored, scales=(1e-4,) * 3, offsets=(-0.1,) * 3)
    pixels, _ = RasterScene(path).read(WINDOW)
    assert np.array_equal(pixels, stored[:, 3:23, 5:35].astype(np.float32) - 1000)


def test_bands_that_are_no_measurement_are_read_only_when_asked_for(tmp_path):
    path = written(tmp_path / "a.tif", numbers(), ("B2", "B3", "SCL"))
    assert RasterScene(path, left_out=("SCL",)).bands == ("B2", "B3")
    assert RasterScene(path, left_out=("SCL",), bands=("SCL",)).read(WINDOW)[0].shape == (1, 20, 30)


def test_a_file_of_a_generator_says_so_and_needs_no_georeference(tmp_path):
    path = written(tmp_path / "a.tif", numbers(), crs=None, tags={"NADIR_SYNTHETIC": "1"})
    scene = RasterScene(path, band_order=("x", "y", "z"))
    assert scene.synthetic
    assert (scene.bands, scene.grid.crs, scene.grid.transform) == (("x", "y", "z"), "", None)


def test_tags_tell_the_key_where_the_name_does_not(tmp_path):
    tags = {"NADIR_KEY": "T32TNS_20210126T102311", "NADIR_HARMONISED": "1", "A": "b"}
    scene = RasterScene(written(tmp_path / "a.tif", numbers(), tags=tags))
    assert str(scene.key) == "T32TNS_20210126T102311"
    assert scene.tags == {"NADIR_KEY": "T32TNS_20210126T102311", "A": "b"}  # numbers of outputs are others


def test_what_cannot_be_a_scene_is_one_sentence(tmp_path):
    path = written(tmp_path / "a.tif", numbers(), ("B2", "B3", "B4"))
    with pytest.raises(UserError, match=r"a.tif: found the bands B2, B3, B4, expected B10 among them"):
        RasterScene(path, bands=("B2", "B10"))
    palette = masks.raster(tmp_path / "p.tif", masks.numbers(8, 8), palette={0: (1, 2, 3, 255)})
    with pytest.raises(UserError, match="found an image with a palette"):
        RasterScene(palette)
    (tmp_path / "b.tif").write_bytes(b"II*\0 nothing")
    with pytest.raises(UserError, match=r"b\.tif"):
        RasterScene(tmp_path / "b.tif")


@pytest.mark.real
def test_a_real_raster_without_names(real_data):
    path = real_data / "landsat7_stars_olinda" / "L7_ETMs.tif"
    scene = RasterScene(path, band_order=("B1", "B2", "B3", "B4", "B5", "B7"), bands=("B4", "B1"))
    with rasterio.open(path) as file:
        expected = file.read([4, 1], window=rasterio.windows.Window(100, 50, 64, 40))
    pixels, valid = scene.read(Window(50, 100, 40, 64))
    assert np.array_equal(pixels[:, valid], expected[:, valid])
    assert np.array_equal(valid, (expected != 0).all(0))

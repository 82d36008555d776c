import numpy as np
import pytest
import rasterio

from products.earth_engine_scene import EarthEngineScene, border_of_export
from products.raster_facts import read_facts
from products.raster_scene import HARMONISED_TAG
from products.window import Window
from tests.fakes import earth_engine, masks

TILE = {"tile_m": 400.0, "resolution_m": 10.0}  # tiles of 40 pixels


def border(path, recognition="auto", by_names=False, **place):
    return border_of_export(read_facts(path), recognition, by_names=by_names, **{**TILE, **place})


def test_an_export_of_a_tile_has_the_tile_inside_and_no_quality_band(tmp_path):
    stored = earth_engine.pixels(44, 43, 14)
    path = earth_engine.export(tmp_path / "20210126T102311_20210126T102450_T32TNS.tif", stored)
    scene = EarthEngineScene(path, **TILE)
    assert (scene.bands, scene.shape) == (earth_engine.BANDS, (13, 44, 43))
    assert str(scene.key) == "T32TNS_20210126T102311"
    assert scene.inner == (1, 1, 40, 40)
    pixels, valid = scene.read(scene.window)
    expected = np.zeros((44, 43), bool)
    expected[1:41, 1:41] = True
    assert np.array_equal(valid, expected)
    assert np.array_equal(pixels, np.where(expected, stored[:13], 0))
    for window in (Window(0, 0, 5, 5), Window(39, 38, 5, 5), Window(10, 10, 8, 8), Window(42, 0, 2, 43)):
        part, known = scene.read(window)
        here = window.inside(scene.window)
        assert np.array_equal(part, pixels[:, *here])
        assert np.array_equal(known, valid[here])


def test_of_a_part_of_a_tile_the_first_row_and_column_are_border(tmp_path):
    path = earth_engine.export(tmp_path / "a.tif", earth_engine.pixels(20, 30, 14), named=False)
    scene = EarthEngineScene(path, **TILE)
    assert scene.inner == (1, 1, 19, 29)
    assert scene.read(scene.window)[1].sum() == 19 * 29


def test_the_quality_band_is_read_when_asked_for(tmp_path):
    stored = earth_engine.pixels(44, 43, 14)
    path = earth_engine.export(tmp_path / "a.tif", stored)
    scene = EarthEngineScene(path, bands=("QA60",), nodata=None, **TILE)
    assert np.array_equal(scene.read(Window(5, 5, 8, 8))[0][0], stored[13, 5:13, 5:13])


@pytest.mark.parametrize(
    ("shape", "options", "asked", "expected"),
    [
        ((13, 44, 43), {}, {}, True),  # larger than a tile
        ((13, 20, 30), {}, {}, False),
        ((14, 20, 30), {}, {}, True),
        ((14, 20, 30), {"named": False}, {}, True),
        ((14, 20, 30), {"named": False}, {"by_names": True}, None),  # names are given otherwise
        ((13, 20, 30), {}, {"recognition": "always"}, True),
        ((14, 44, 43), {}, {"recognition": "never"}, None),
        ((12, 44, 43), {}, {}, None),
        ((13, 44, 43), {"tags": {HARMONISED_TAG: "1"}}, {}, None),  # written by this project
        ((13, 44, 43), {"transform": masks.place(20.0)}, {"tile_m": 800.0}, True),
        ((13, 44, 43), {"transform": masks.place(5.0)}, {}, False),  # 80 pixels of 5 m are a tile
    ],
)
def test_exports_are_known_by_their_bands_and_size(tmp_path, shape, options, asked, expected):
    path = earth_engine.export(tmp_path / "a.tif", earth_engine.pixels(*shape[1:], shape[0]), **options)
    assert border(path, **asked) is expected


def test_other_names_are_other_files(tmp_path):
    path = masks.raster(tmp_path / "a.tif", earth_engine.pixels(44, 43))
    with rasterio.open(path, "r+") as file:
        file.descriptions = ("B2", "B1", *earth_engine.BANDS[2:])
    assert border(path) is None

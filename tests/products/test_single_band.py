import pickle

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.shutil import copy
from rasterio.vrt import WarpedVRT

from errors import UserError
from products.single_band import SingleBand
from products.window import Window
from tests.fakes import masks

PALETTE = {number: (number, 0, 0, 255) for number in range(4)}


def test_numbers_are_taken_as_they_are_even_with_a_palette(tmp_path):
    stored = masks.numbers(40, 50)
    path = masks.raster(tmp_path / "a.tif", stored, palette=PALETTE, nodata=9)
    band = SingleBand(path)
    assert (band.grid.shape, band.grid.transform, band.nodata) == ((40, 50), masks.place(), 9)
    assert band.dtype == np.uint8
    for same in (band, pickle.loads(pickle.dumps(band))):
        assert np.array_equal(same.read(Window(3, 5, 20, 30)), stored[3:23, 5:35])
    band.close()
    assert np.array_equal(band.read(Window(0, 0, 1, 1)), stored[:1, :1])


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint32", "int64", "float32"])
def test_any_type_of_number(tmp_path, dtype):
    stored = masks.numbers(8, 8, dtype=dtype)
    band = SingleBand(masks.raster(tmp_path / "a.tif", stored, nodata=-1 if dtype != "uint32" else None))
    assert band.dtype == np.dtype(dtype)
    assert np.array_equal(band.read(Window(0, 0, 8, 8)), stored)


@pytest.mark.parametrize(("driver", "name"), [("JP2OpenJPEG", "a.jp2"), ("PNG", "a.png"), ("HFA", "a.img")])
def test_other_formats(tmp_path, driver, name):
    stored = masks.numbers(16, 16)
    source = masks.raster(tmp_path / "source.tif", stored)
    options = {"QUALITY": "100", "REVERSIBLE": "YES"} if driver == "JP2OpenJPEG" else {}
    copy(source, tmp_path / name, driver=driver, **options)
    assert np.array_equal(SingleBand(tmp_path / name).read(Window(0, 0, 16, 16)), stored)


def test_a_mosaic_of_files(tmp_path):
    stored = masks.numbers(16, 16)
    masks.raster(tmp_path / "a.tif", stored)
    with rasterio.open(tmp_path / "a.tif") as file, WarpedVRT(file, resampling=Resampling.nearest) as mosaic:
        copy(mosaic, tmp_path / "a.vrt", driver="VRT")
    assert np.array_equal(SingleBand(tmp_path / "a.vrt").read(Window(2, 2, 8, 8)), stored[2:10, 2:10])


def test_what_is_no_single_band_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"no.tif: found no readable file \(No such file or directory\)"):
        SingleBand(tmp_path / "no.tif")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(UserError, match=r"a.txt: found no raster, expected GeoTIFF"):
        SingleBand(tmp_path / "a.txt")
    path = masks.raster(tmp_path / "rgb.tif", np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(UserError, match="the mask: found 3 bands, expected one"):
        SingleBand(path, "the mask")
    cut = masks.raster(tmp_path / "cut.tif", masks.numbers(64, 64))
    cut.write_bytes(cut.read_bytes()[:2000])
    with pytest.raises(UserError, match=r"cut.tif: found damaged pixels"):
        SingleBand(cut).read(Window(0, 0, 64, 64))
    with pytest.raises(ValueError, match="reaches out"):
        SingleBand(path.with_name("cut.tif")).read(Window(60, 0, 8, 8))

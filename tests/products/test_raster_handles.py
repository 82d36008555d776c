import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
import rasterio

from errors import UserError
from products import raster_handles
from products.raster_handles import BandRaster, driver_of
from products.window import Window
from tests.fakes import sentinel2 as fakes


def band(path, driver="JP2OpenJPEG"):
    return BandRaster(str(path), path.name, driver)


@pytest.mark.parametrize("driver", ["JP2OpenJPEG", "GTiff"])
def test_a_band_by_window(tmp_path, driver):
    path, pixels = tmp_path / "a.jp2", fakes.pixels("B5", 20)
    fakes.write_image(path, pixels, 20, driver=driver)
    assert driver_of(path.read_bytes()[:100]) == driver
    raster = pickle.loads(pickle.dumps(band(path, driver)))
    header = raster.header()
    assert (header.height, header.width, header.dtype) == (*pixels.shape, "uint16")
    assert header.transform == (20, 0, fakes.LEFT, 0, -20, fakes.TOP)
    assert rasterio.crs.CRS.from_wkt(header.crs).to_epsg() == 32633
    for window in (Window(0, 0, *pixels.shape), Window(7, 9, 11, 13)):
        out = np.empty((window.height, window.width), np.uint16)
        raster.read(window, out)
        assert np.array_equal(out, pixels[window.inside(Window(0, 0, *pixels.shape))])
    raster.close()


def test_a_file_without_georeference(tmp_path):
    path = tmp_path / "a.tif"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(
        path, "w", driver="GTiff", height=4, width=4, count=1, dtype="uint16"
    ) as file:  # fmt: skip
        file.write(np.ones((4, 4), np.uint16), 1)
    header = band(path, "GTiff").header()
    assert (header.crs, header.transform) == ("", None)


def test_nothing_but_the_named_format_is_opened(tmp_path):
    path = tmp_path / "a.jp2"
    path.write_text(f'<VRTDataset rasterXSize="4" rasterYSize="4"><!-- {tmp_path} --></VRTDataset>')
    assert driver_of(path.read_bytes()) is None
    with pytest.raises(
        UserError, match=r"a\.jp2: found no readable image .*, expected a whole file of JP2OpenJPEG"
    ):
        band(path).header()


def test_damaged_pixels(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    path = tmp_path / "a.jp2"
    fakes.write_image(path, fakes.pixels("B5", 20), 20)
    fakes.cut(path, 0.5)
    with pytest.raises(UserError, match=r"a\.jp2: found damaged pixels .*, expected a whole file"):
        band(path).read(Window(0, 0, 4, 4), np.empty((4, 4), np.uint16))
    assert not caplog.records


def test_several_bands_in_a_file(tmp_path):
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=4, width=4, count=2, dtype="uint16", crs="EPSG:32633",
        transform=rasterio.Affine(10, 0, 0, 0, -10, 0),
    ) as file:  # fmt: skip
        file.write(np.ones((2, 4, 4), np.uint16))
    with pytest.raises(UserError, match=r"a\.tif: found 2 bands, expected one"):
        band(path, "GTiff").header()


def test_few_files_stay_open(tmp_path, monkeypatch):
    monkeypatch.setattr(raster_handles, "OPEN_HANDLES", 2)
    for name in "abc":
        fakes.write_image(tmp_path / name, fakes.pixels("B1", 60), 60, driver="GTiff")
        band(tmp_path / name, "GTiff").header()
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert sum(tmp_path in link.parents for link in links) == 2

import numpy as np
import pytest
import rasterio
from PIL import Image

from annotation.patch_files import read_bands, read_header, read_indices, read_picture, read_single
from errors import UserError
from products.grid import Grid
from products.patch_raster import write_patch
from tests.fakes.annotation_patches import CLASSES

SHAPE = (5, 7)


def test_a_header_has_grid_and_bands(tmp_path):
    grid = Grid(5, 7, rasterio.crs.CRS.from_epsg(32633).to_wkt(), (10.0, 0.0, 5000.0, 0.0, -10.0, 9000.0))
    write_patch(tmp_path / "a.tif", np.zeros((2, 5, 7), np.uint16), grid, bands=["B4"])
    found, bands = read_header(tmp_path / "a.tif")
    assert (found.shape, found.transform) == (SHAPE, grid.transform)
    assert bands == ("B4", "band_2")
    write_patch(tmp_path / "b.tif", np.zeros((1, 5, 7), np.uint16), None)
    assert read_header(tmp_path / "b.tif")[0] == Grid(5, 7)


def test_pixels_without_data_are_told(tmp_path):
    pixels = np.ones((2, 5, 7), np.float32)
    pixels[0, 1, 1], pixels[1, 2, 2], pixels[1, 3, 3] = -9999, np.nan, np.inf
    write_patch(tmp_path / "a.tif", pixels, None, nodata=-9999)
    image, valid = read_bands(tmp_path / "a.tif", SHAPE)
    assert np.isfinite(image).all()
    assert np.argwhere(~valid).tolist() == [[1, 1], [2, 2], [3, 3]]


def test_pictures_become_red_green_blue(tmp_path):
    Image.fromarray(np.full(SHAPE, 77, np.uint8)).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png", SHAPE) == 77).all()
    assert read_picture(tmp_path / "a.png", SHAPE).shape == (5, 7, 3)


@pytest.mark.parametrize("read", [read_bands, read_single, read_picture])
def test_files_larger_than_their_patch_are_not_unpacked(tmp_path, read):
    path = tmp_path / "bomb.png"
    Image.new("L", (2500, 2500)).save(path)  # 6 million pixels in a few kilobytes
    assert path.stat().st_size < 100_000
    with pytest.raises(
        UserError, match=r"bomb\.png: found 2500 x 2500 pixels, expected the 5 x 7 of its patch"
    ):
        read(path, SHAPE)


@pytest.mark.parametrize("read", [read_bands, read_single, read_picture])
def test_damaged_files_are_named(tmp_path, read):
    (tmp_path / "a.tif").write_bytes(b"II*\0 no raster")
    with pytest.raises(UserError, match=r"a\.tif: cannot be read"):
        read(tmp_path / "a.tif", SHAPE)


def test_masks_are_one_band_of_classes(tmp_path):
    write_patch(tmp_path / "a.tif", np.full((1, 5, 7), 9, np.uint8), None)
    with pytest.raises(UserError, match="found 9, expected 0 cloud, 1 ground"):
        read_indices(tmp_path / "a.tif", SHAPE, CLASSES)
    write_patch(tmp_path / "b.tif", np.zeros((3, 5, 7), np.uint8), None)
    with pytest.raises(UserError, match="found 3 bands, expected one"):
        read_indices(tmp_path / "b.tif", SHAPE, CLASSES)

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.io import MemoryFile

from products.map_grid import MapGrid
from products.swath_pixels import SwathPixels
from products.swath_resampling import resampled_blocks
from products.window import Window
from tests.fakes import swaths

NODATA = swaths.NODATA
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def resampled(
    folder, pixels, method, window=None, scans=3, width=64, crs="EPSG:32633", resolution_m=375, **where
):
    """Pixels (C, H, W) of the 375 m grid on a map: (grid, cells)."""
    crs = CRS.from_user_input(crs)
    path = swaths.write(folder, "viirs", scans=scans, width=width, **where)
    window = window or Window(0, 0, *pixels.shape[1:])
    profile = {
        "driver": "GTiff",
        "height": window.height,
        "width": window.width,
        "count": len(pixels),
        "dtype": pixels.dtype,
    }
    with MemoryFile() as memory:
        with memory.open(**profile, nodata=NODATA) as file:
            file.write(pixels)
        with memory.open() as file, swaths.sensor("viirs").open(path) as product:
            places = SwathPixels(product, window, 375, crs)
            grid = MapGrid.around(places, crs, resolution_m)
            cells = np.zeros((len(pixels), grid.height, grid.width), pixels.dtype)
            for block, values in resampled_blocks(places, grid, file, NODATA, method):
                rows, columns = block.inside(Window(0, 0, grid.height, grid.width))
                cells[:, rows, columns] = values
    return grid, cells


@pytest.mark.parametrize("method", ["nearest", "bilinear"])
def test_blocks_join_without_a_trace(tmp_path, monkeypatch, method):
    pixels = swaths.reflectance("viirs", 375, 3, 64)
    _, whole = resampled(tmp_path, pixels, method)
    monkeypatch.setattr(MapGrid, "BLOCK", 16)
    _, parts = resampled(tmp_path, pixels, method)
    np.testing.assert_array_equal(parts, whole)
    assert (whole[0] != NODATA).mean() > 0.5


def test_rows_that_are_deleted_on_board_are_covered_by_the_next_scan(tmp_path):
    """At the swath's sides VIIRS sends no data for the first and last rows of a scan, where scans overlap."""
    pixels = swaths.reflectance("viirs", 375, 3, 64)
    _, complete = resampled(tmp_path, pixels, "nearest")
    inside = np.arange(96) % 32
    deleted = np.isin(inside, (0, 1, 30, 31))
    deleted[:2] = deleted[-2:] = False  # nothing overlaps the first and the last scan there
    pixels[:, deleted] = NODATA
    _, thinned = resampled(tmp_path, pixels, "nearest")
    np.testing.assert_array_equal(thinned == NODATA, complete == NODATA)
    changed = thinned != complete
    assert 0 < changed.mean() < 0.2


def test_no_cell_is_farther_from_its_pixel_than_the_footprint_reaches(tmp_path):
    """One pixel with data covers one cell or a few, and not a radius around it."""
    pixels = np.full((1, 96, 64), NODATA, "int16")
    pixels[0, 40, 30] = 5000
    _, cells = resampled(tmp_path, pixels, "nearest")
    assert 1 <= (cells == 5000).sum() <= 3
    assert set(np.unique(cells)) == {NODATA, 5000}


@pytest.mark.parametrize("method", ["nearest", "bilinear"])
def test_a_hole_in_one_band_stays_in_that_band(tmp_path, method):
    pixels = swaths.reflectance("viirs", 375, 3, 64)
    pixels[1, 30:60, 20:40] = NODATA
    _, cells = resampled(tmp_path, pixels, method)
    assert ((cells[1] == NODATA) & (cells[0] != NODATA)).sum() > 200
    assert (cells[1] != NODATA).any()
    held = cells[cells != NODATA]
    assert pixels[pixels != NODATA].min() <= held.min() and held.max() <= pixels.max()


def test_positions_are_known_around_the_date_line(tmp_path):
    pixels = swaths.reflectance("viirs", 375, 3, 64)
    _, cells = resampled(tmp_path, pixels, "nearest", crs="EPSG:3832", longitude=180.0, latitude=-17.0)
    assert (cells[0] != NODATA).mean() > 0.5


def test_floats_stay_floats(tmp_path):
    pixels = swaths.reflectance("viirs", 375, 3, 64)[:1].astype("float32") + 0.25
    _, cells = resampled(tmp_path, pixels, "bilinear")
    assert np.unique(cells[cells != NODATA] % 1).size > 100
    assert cells.dtype == np.float32


def test_an_empty_raster_gives_an_empty_map(tmp_path):
    _, cells = resampled(tmp_path, np.full((2, 96, 64), NODATA, "int16"), "bilinear")
    assert (cells == NODATA).all()

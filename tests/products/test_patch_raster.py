import numpy as np
import pytest
import rasterio

from errors import UserError
from products.grid import Grid
from products.patch_raster import part_of, read_patch, replace_text, write_patch
from products.window import Window

CRS = rasterio.crs.CRS.from_epsg(32633).to_wkt()


def test_pixels_and_place_come_back(tmp_path):
    pixels = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    grid = Grid(3, 4, CRS, (10.0, 0.0, 500.0, 0.0, -10.0, 900.0))
    write_patch(tmp_path / "below" / "a.tif", pixels, grid, bands=["B4", "altitude"], tags={"A": "1"})
    found, place = read_patch(tmp_path / "below" / "a.tif")
    assert (found == pixels).all()
    assert place.transform == grid.transform
    assert place.crs == rasterio.crs.CRS.from_epsg(32633).to_wkt()
    with rasterio.open(tmp_path / "below" / "a.tif") as file:
        assert file.descriptions == ("B4", "altitude")
        assert file.tags()["A"] == "1"


def test_a_patch_without_place(tmp_path):
    write_patch(tmp_path / "a.tif", np.zeros((1, 3, 4), np.uint8), None)
    assert read_patch(tmp_path / "a.tif")[1] == Grid(3, 4)


def test_part_of_a_grid_begins_at_the_window():
    grid = Grid(30, 40, CRS, (10.0, 0.0, 500.0, 0.0, -10.0, 900.0))
    assert part_of(grid, Window(2, 3, 5, 6)) == Grid(5, 6, CRS, (10.0, 0.0, 530.0, 0.0, -10.0, 880.0))
    assert part_of(Grid(30, 40), Window(2, 3, 5, 6)) == Grid(5, 6)


def test_nothing_half_written_stays(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        replace_text(tmp_path / "a.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_damage_is_named(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"")
    with pytest.raises(UserError, match=r"a\.tif: cannot be read"):
        read_patch(tmp_path / "a.tif")

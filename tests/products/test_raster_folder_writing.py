from pathlib import Path

import numpy as np
import pytest
import rasterio

from products.grid import Grid
from products.raster_folder import RasterFolderReader
from products.raster_folder_writing import write_raster_folder
from products.sensor import Sensor
from products.window import Window
from tests.fakes.raster_folder import noise

UTM = rasterio.crs.CRS.from_epsg(32633).to_wkt()
GRIDS = {
    10: Grid(12, 16, UTM, (10, 0, 300000, 0, -10, 6000000)),
    20: Grid(6, 8, UTM, (20, 0, 300000, 0, -20, 6000000)),
}


def sensor() -> Sensor:
    bands = {"F": {"ground_sample_distance_m": 10}, "C": {"ground_sample_distance_m": 20}}
    return Sensor(
        name="toy", bands=bands, dtype="uint16", nodata=0, valid_range=[1, 65535], readers=[RasterFolderReader()]
    )  # fmt: skip


@pytest.mark.parametrize("grids", [GRIDS, {10: Grid(12, 16), 20: Grid(6, 8)}], ids=["map", "no map"])
def test_a_written_product_is_read_back(tmp_path: Path, grids):
    pixels = {10: noise(1, 1, 12, 16), 20: noise(2, 1, 6, 8)}
    folder = write_raster_folder(
        tmp_path / "made" / "scene_1", sensor(), pixels, grids, synthetic=True, tags={"SEED": "1"}
    )
    with sensor().open(folder) as product:
        assert product.name == "scene_1"
        assert product.synthetic
        assert product.tags == {"SEED": "1"}
        assert {m: grid.transform for m, grid in product.grids.items()} == {
            m: grid.transform for m, grid in grids.items()
        }
        for distance, stored in pixels.items():
            np.testing.assert_array_equal(product.read(distance, Window(0, 0, *stored.shape[1:])), stored)
    with rasterio.open(folder / "20m.tif") as file:
        assert file.tags()["NADIR_SYNTHETIC"] == "1"
        assert file.descriptions == ("C",)


def test_of_a_failed_product_nothing_stays(tmp_path: Path):
    with pytest.raises(ValueError, match=r"20 m: pixels of shape \(2, 6, 8\), expected \(1, 6, 8\)"):
        write_raster_folder(
            tmp_path / "scene",
            sensor(),
            {10: noise(1, 1, 12, 16), 20: noise(2, 2, 6, 8)},
            GRIDS,
            synthetic=False,
        )
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_not_written_over(tmp_path: Path):
    (tmp_path / "scene").mkdir()
    with pytest.raises(FileExistsError):
        write_raster_folder(tmp_path / "scene", sensor(), {10: noise(1, 1, 12, 16)}, GRIDS, synthetic=False)
    assert [path.name for path in tmp_path.iterdir()] == ["scene"]

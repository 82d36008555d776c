"""The files of a pair and its row."""

import json

import numpy as np
import pytest

from products.patch_raster import read_patch
from products.raster import RasterFile
from products.scene_reader import SceneReader
from synthesis.clouds.cloud_images import open_clouds
from synthesis.clouds.mask_source import MadeUpMasks
from synthesis.clouds.pair_making import PairMaker
from synthesis.clouds.pair_manifest import ROWS
from synthesis.clouds.pair_settings import PairSettings, fitted
from synthesis.clouds.pair_writing import files_of, pair_id, write_pair
from synthesis.clouds.procedural_masks import ProceduralMasks
from synthesis.clouds.surfaces import Surfaces
from tests.fakes import clear_images


def test_ids_have_five_digits_and_more_where_needed():
    assert [pair_id(number) for number in (0, 99_998, 99_999)] == ["00001", "99999", "100000"]


@pytest.mark.parametrize("geotiff", [False, True])
def test_files_and_row(tmp_path, geotiff):
    if geotiff:
        clear_images.geotiff(tmp_path / "clear" / "a.tif")
    else:
        clear_images.picture(tmp_path / "clear" / "a.png")
    ground = Surfaces(str(tmp_path / "clear"), SceneReader, 24, 24)
    shadow = {"cast": True, "azimuth": 90, "elevation": 30, "height_m": 1000, "pixel_m": 500}
    rules = PairSettings(spectrum={"default": 0.8}, shadow=shadow, also=["shadow"])
    clouds = open_clouds(None, None)
    form = fitted(rules, ground.bands, ground.eight_bit, 3, False, 1.0)
    maker = PairMaker(MadeUpMasks(ProceduralMasks(), 24, 1, 5), ground, clouds, form, 5)
    drawn = maker.draw(0)
    pair = maker.compose(drawn, maker.images([drawn])[0])
    row = write_pair(tmp_path / "out", drawn, pair, form, "noise", 5)
    files = files_of("00001", form)
    assert sorted(files) == ["clouds", "images", "masks", "shadow", "surface"]
    stored = {folder: RasterFile(tmp_path / "out" / file).read() for folder, file in files.items()}
    np.testing.assert_array_equal(stored["images"], pair.image)
    np.testing.assert_array_equal(stored["clouds"], pair.cloud)
    np.testing.assert_array_equal(stored["surface"], drawn.pixels)
    np.testing.assert_array_equal(stored["masks"][0], drawn.mask.cloud * (1 if geotiff else 255))
    assert json.loads((tmp_path / "out" / ROWS / "00001.json").read_text()) == row
    wanted = {"id": "00001", "seed": "5", "clouds_by": "noise", "composition": "alpha", "mask_source": "procedural",
              "surface_source": "a.tif" if geotiff else "a.png", "surface_window": str(drawn.surface.window),
              "sun_azimuth": "90.0000", "sun_elevation": "30.0000", "cloud_height_m": "1000.00"}  # fmt: skip
    assert {key: row[key] for key in wanted} == wanted
    assert float(row["cover_percent"]) == pytest.approx(100 * drawn.mask.cloud.mean(), abs=1e-3)
    if geotiff:
        assert read_patch(tmp_path / "out" / files["masks"])[1] == drawn.surface.grid
        info = RasterFile(tmp_path / "out" / files["images"]).info
        assert (info.band_names, info.nodata) == (clear_images.BANDS, 0)
        assert RasterFile(tmp_path / "out" / files["masks"]).info.nodata == 255

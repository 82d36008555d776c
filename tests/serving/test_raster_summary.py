import json

import numpy as np
import pytest

from serving.raster_summary import STRIP_ROWS, summary
from tests.fakes.raster_folder import write_raster


def test_statistics_of_valid_pixels_over_strips(tmp_path):
    pixels = np.random.default_rng(1).integers(1, 9000, (2, STRIP_ROWS + 40, 7)).astype(np.uint16)
    pixels[0, :3] = 0
    path = write_raster(
        tmp_path / "a.tif", pixels, pixel_m=10, names=["B4 (665 nm)", "SRB5 (705 nm)"], tags={"NADIR_X": "y"}, nodata=0
    )  # fmt: skip
    told = json.loads(json.dumps(summary(path), allow_nan=False))
    first, second = told["bands"]
    valid = pixels[0][pixels[0] > 0]
    assert (first["name"], second["name"]) == ("B4 (665 nm)", "SRB5 (705 nm)")
    assert first["valid_pixels"] == valid.size
    assert (first["minimum"], first["maximum"]) == (valid.min(), valid.max())
    assert first["mean"] == pytest.approx(valid.mean())
    assert second["standard_deviation"] == pytest.approx(pixels[1].std())
    assert (told["height"], told["width"], told["dtype"], told["nodata"]) == (STRIP_ROWS + 40, 7, "uint16", 0)
    assert told["tags"]["NADIR_X"] == "y"


def test_georeference_in_its_own_units_and_in_degrees(tmp_path):
    path = write_raster(
        tmp_path / "a.tif", np.ones((1, 4, 6), np.uint16), pixel_m=10, left=500000.0, top=6000000.0
    )
    place = summary(path)["georeference"]
    assert place["crs"] == "EPSG:32633"
    assert place["transform"] == [10, 0, 500000, 0, -10, 6000000]
    assert place["bounds"] == [500000, 5999960, 500060, 6000000]
    assert place["bounds_lonlat"][0] == pytest.approx(15.0, abs=1e-6)


@pytest.mark.filterwarnings("ignore:.*no geotransform")
def test_what_is_unknown_is_null(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.zeros((1, 4, 6), np.uint16), nodata=0)
    told = summary(path)
    assert told["georeference"] is None
    assert told["bands"][0]["valid_pixels"] == 0
    assert told["bands"][0]["mean"] is told["bands"][0]["minimum"] is None

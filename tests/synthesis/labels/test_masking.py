"""One mask, window by window."""

from datetime import datetime

import numpy as np
import pytest
import rasterio

from products.scene import SceneKey
from synthesis.labels.aligned_raster import grid_of
from synthesis.labels.masking import make_mask, record_of
from synthesis.labels.plan import LabelJob
from synthesis.labels.settings import LabelSettings
from synthesis.worker_threads import Stopped, StopSign
from tests.fakes import exolabs
from tests.synthesis.labels.test_generation import expected
from tests.synthesis.labels.test_rules import GROUND, UNKNOWN
from tests.synthesis.labels.test_settings import facts  # noqa: F401  (a fixture)


def job_of(folder):
    (classification,), (clouds,) = (sorted((folder / name).iterdir()) for name in ("exolabs", "cloudless"))
    with rasterio.open(classification) as file:
        return LabelJob(SceneKey("T32TNS", datetime(2021, 1, 26)), grid_of(file), classification, clouds)


def made(folder, settings, sign=None):
    done = []
    make_mask(job_of(folder), folder / "mask.tif", settings, sign or StopSign(), done.append)
    with rasterio.open(folder / "mask.tif") as file:
        return file.read(1), done


def test_strips_and_pieces_make_the_whole(tmp_path, facts):  # noqa: F811
    sources = exolabs.sources(tmp_path, height=520, width=1100)
    mask, done = made(tmp_path, LabelSettings(**{**facts, "water": tmp_path / "water.tif"}))
    np.testing.assert_array_equal(mask, expected(*sources))
    assert done == [256, 256, 8]


def test_where_the_water_map_ends_a_few_pixels_early_there_is_no_ground(tmp_path, facts):  # noqa: F811
    shape = (40, 48)
    exolabs.exolabs(tmp_path / "exolabs", np.ones(shape), np.ones(shape))
    exolabs.cloudless(tmp_path / "cloudless", np.zeros(shape))
    exolabs.water(tmp_path / "water.tif", np.zeros((38, 45)))
    mask, _ = made(tmp_path, LabelSettings(**{**facts, "water": tmp_path / "water.tif"}))
    assert (
        (mask[:38, :45] == GROUND).all() and (mask[38:] == UNKNOWN).all() and (mask[:, 45:] == UNKNOWN).all()
    )


def test_a_job_that_is_asked_to_end_leaves_nothing(tmp_path, facts):  # noqa: F811
    exolabs.sources(tmp_path)
    sign = StopSign()
    sign.put_up()
    with pytest.raises(Stopped):
        made(tmp_path, LabelSettings(**facts), sign)
    assert not list(tmp_path.glob("*mask*"))


def test_the_record_names_the_sources(tmp_path, facts):  # noqa: F811
    exolabs.sources(tmp_path)
    record = record_of(job_of(tmp_path), LabelSettings(**{**facts, "water": tmp_path / "water.tif"}))
    assert record["water"]["name"] == "water.tif" and record["exolabs"]["name"].startswith("S2_32TNS")
    assert record["computed"] is False and record["grid"][:2] == [40, 48]

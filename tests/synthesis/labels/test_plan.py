"""Which masks are made of which files."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest

from errors import UserError
from products.scene_reader import SceneReader
from synthesis.labels.dated_files import dated_files
from synthesis.labels.plan import plan
from tests.fakes import exolabs

SIDE = 40
NOTHING = np.zeros((SIDE, SIDE), np.uint8)


def settings(**changes):
    """What a plan asks of the settings."""
    facts = {
        "rule": SimpleNamespace(needs_cloud_probability=True), "resolution_m": None, "tile_m": 109_800, "border_px": 1,
        "scenes": SceneReader(), "cloudless_bands": ["band_1"],
    }  # fmt: skip
    return SimpleNamespace(**{**facts, **changes})


def planned(folder, how=None, images=None):
    cloudless = folder / "cloudless"
    return plan(
        how or settings(),
        dated_files(folder / "exolabs", ["*.tif"], "exolabs"),
        dated_files(cloudless, ["*.tif"], "cloudless") if cloudless.exists() else [],
        images,
    )


def test_exports_of_a_tile_lose_their_border(tmp_path):
    exolabs.exolabs(tmp_path / "exolabs", *[exolabs.bordered(NOTHING)] * 2)
    exolabs.cloudless(tmp_path / "cloudless", exolabs.bordered(NOTHING))
    (job,) = planned(tmp_path, settings(tile_m=10 * SIDE))
    assert job.grid.shape == (SIDE, SIDE)
    assert job.grid.transform == (10.0, 0.0, exolabs.LEFT + 10, 0.0, -10.0, exolabs.TOP - 10)
    assert job.name == "T32TNS_20210126T102311"


def test_of_files_of_several_tiles_without_names_the_one_at_the_place_counts(tmp_path):
    exolabs.write(tmp_path / "exolabs" / "2021-01-26.tif", np.stack([NOTHING, NOTHING]))
    here = exolabs.cloudless(tmp_path / "cloudless", NOTHING)
    exolabs.cloudless(tmp_path / "cloudless", NOTHING, tile="32TMS", left=exolabs.LEFT - 100_000)
    (job,) = planned(tmp_path)
    assert job.cloudless == here and job.name == "T32TNS_20210126T102311"


def test_several_probabilities_of_one_date_are_named(tmp_path):
    exolabs.exolabs(tmp_path / "exolabs", NOTHING, NOTHING)
    for time in ("20210126T102311", "20210126T102320"):
        exolabs.cloudless(tmp_path / "cloudless", NOTHING, time=time)
    with pytest.raises(
        UserError, match=r"found 2 files of cloud probability of T32TNS_20210126 \(.*\), expected one"
    ):
        planned(tmp_path)


def test_two_classifications_of_one_date_are_refused(tmp_path):
    for folder in ("a", "b"):
        exolabs.exolabs(tmp_path / "exolabs" / folder, NOTHING, NOTHING)
    exolabs.cloudless(tmp_path / "cloudless", NOTHING)
    with pytest.raises(
        UserError, match=r"generator\.exolabs: found .*/a/.* and .*/b/.*, both of T32TNS_20210126T102311"
    ):
        planned(tmp_path)


def test_masks_lie_on_the_grids_of_scenes_one_for_each(tmp_path, caplog):
    exolabs.exolabs(tmp_path / "exolabs", NOTHING, NOTHING)
    exolabs.exolabs(tmp_path / "exolabs", NOTHING, NOTHING, date="2021-02-05")
    scenes = [
        exolabs.write(
            tmp_path / f"T32TNS_20210126T{time}.tif", np.ones((1, 20, 30), np.uint16), left=exolabs.LEFT + 50
        )
        for time in ("101311", "102311")
    ]
    with caplog.at_level(logging.WARNING):
        jobs = planned(tmp_path, images=scenes)
    assert [job.name for job in jobs] == ["T32TNS_20210126T101311", "T32TNS_20210126T102311"]
    assert [(job.grid.shape, job.scene, job.cloudless) for job in jobs] == [
        ((20, 30), scene, None) for scene in scenes
    ]
    assert "2021-02-05_10m_SnowClass.tif: no scene of images is of T32TNS_20210205" in caplog.text


def test_a_classification_without_a_tile_is_for_the_scene_that_it_covers(tmp_path):
    exolabs.write(tmp_path / "exolabs" / "2021-01-26.tif", np.stack([NOTHING, NOTHING]))
    here, there = (
        exolabs.write(
            tmp_path / f"{tile}_20210126.tif", np.ones((1, 20, 30), np.uint16), left=exolabs.LEFT + east
        )
        for tile, east in (("T32TNS", 0), ("T32TMS", 100_000))
    )
    (job,) = planned(tmp_path, images=[here, there])
    assert job.scene == here and job.name == "T32TNS_20210126"


def test_scenes_without_dates_are_one_sentence(tmp_path):
    exolabs.exolabs(tmp_path / "exolabs", NOTHING, NOTHING)
    scene = exolabs.write(tmp_path / "mine.tif", np.ones((1, 20, 30), np.uint16))
    with pytest.raises(UserError, match=r"generator\.images: found 1 scenes without a date"):
        planned(tmp_path, images=[scene])

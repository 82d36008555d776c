"""Files found by the dates in their names."""

import logging
from datetime import datetime

import pytest

from errors import UserError
from products.scene import SceneKey
from synthesis.labels.dated_files import DatedFile, dated_files, matching, merged

DAY = SceneKey("T32TNS", datetime(2021, 1, 26), day_only=True)
TIME = SceneKey("T32TNS", datetime(2021, 1, 26, 10, 23, 11))


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_published_names_give_tile_and_time(tmp_path):
    touch(
        tmp_path,
        "S2_32TNS_2021-01-26_10m_SnowClass.tif",
        "S2_CLOUDLESS_20210127T102311_20210127T102310_T32TNS.tif",
    )
    first, second = dated_files(tmp_path, ["*.tif"], "exolabs")
    assert first.key == DAY
    assert second.key == SceneKey("T32TNS", datetime(2021, 1, 27, 10, 23, 11))


def test_the_tile_may_be_a_folder(tmp_path):
    touch(tmp_path, "32TNS/2021_01_26_10m_SnowClass.tif")
    assert [file.key for file in dated_files(tmp_path, ["*.tif"], "exolabs")] == [DAY]


def test_the_first_pattern_that_fits_any_file_chooses(tmp_path):
    touch(tmp_path, "2021-01-26_20m_SnowClass.tif", "2021-01-26_10m_SnowClass.tif")
    (file,) = dated_files(tmp_path, ["*10m_SnowClass.tif", "*.tif"], "exolabs")
    assert file.path.name == "2021-01-26_10m_SnowClass.tif"
    assert len(dated_files(tmp_path, ["*30m*.tif", "*.tif"], "exolabs")) == 2


def test_files_without_a_date_are_named(tmp_path, caplog):
    touch(tmp_path, "20210126.tif", "legend.tif")
    with caplog.at_level(logging.WARNING):
        assert len(dated_files(tmp_path, ["*.tif"], "exolabs")) == 1
    assert "legend.tif" in caplog.text


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (None, r"generator\.exolabs: found no .*folder, expected a folder"),
        ([], r"generator\.exolabs: found no file like \*\.tif below"),
        (
            ["legend.tif", "99999999.tif"],
            "found 99999999.tif, legend.tif in .*, expected a date such as 20210126",
        ),
    ],
)
def test_nothing_to_read_is_one_sentence(tmp_path, names, words):
    folder = tmp_path / "folder"
    if names is not None:
        folder.mkdir()
        touch(folder, *names)
    with pytest.raises(UserError, match=words):
        dated_files(folder, ["*.tif"], "exolabs")


def test_files_match_by_tile_and_day_and_the_exact_ones_come_first(tmp_path):
    files = [DatedFile(key, tmp_path / str(key)) for key in (TIME, SceneKey("T32TMS", TIME.time), DAY)]
    assert [file.key for file in matching(TIME, files)] == [TIME]
    assert [file.key for file in matching(DAY, files)] == [DAY]
    assert [file.key for file in matching(SceneKey("", DAY.time, True), files[:2])] == [TIME, files[1].key]


def test_keys_tell_together_what_each_knows():
    assert merged(SceneKey("T32TNS", DAY.time, True), SceneKey("", TIME.time)) == TIME
    assert merged(SceneKey("", TIME.time), DAY) == TIME
    assert merged(DAY, None) == DAY

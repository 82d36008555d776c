"""The generator of scene indices, on products in the true layout."""

import logging
import re
import shutil
import zipfile

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from errors import UserError
from products.scene_index import FOOTPRINTS, TABLE, paths_of, read_index
from synthesis.scene_index import generate
from tests.fakes import sentinel2

SIDE = 2  # pixels of the 60 m grid


@pytest.fixture(scope="module")
def sensor(repository):
    return instantiate(OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml"))


def index(source, output, sensor, **changes):
    return generate(output, input=str(source), sensor=sensor, absent_bands={"L2A": ["B10"]}, **changes)


def again(folder, name):
    """A product under another name, as in its metadata."""
    target = folder.parent / name
    folder.rename(target)
    metadata = next(target.glob("MTD_MSI*.xml"))
    metadata.write_text(metadata.read_text().replace(folder.name, name))
    return target


def test_folders_and_archives_become_rows_with_tile_time_and_baseline(tmp_path, sensor):
    one = sentinel2.safe(tmp_path / "scenes" / "deep", side=SIDE)
    two = sentinel2.safe(tmp_path / "made", side=SIDE, tile="T32TNS", baseline="02.09")
    sentinel2.zipped(two, tmp_path / "scenes" / "two.zip")
    index(tmp_path / "scenes", tmp_path / "index", sensor)
    first, second = read_index(tmp_path / "index")
    assert (str(first.key), first.baseline, first.level) == ("T32TNS_20230908T093041", "02.09", "L1C")
    assert (str(second.key), second.baseline, second.path) == ("T33UUU_20230908T093041", "05.09", one)
    assert (first.height, first.width, first.resolution_m, first.crs) == (
        6 * SIDE,
        6 * SIDE + 12,
        10,
        "EPSG:32633",
    )
    assert paths_of(tmp_path / "index")[0] == tmp_path / "scenes" / "two.zip"
    assert sorted(path.name for path in (tmp_path / "index").iterdir()) == [TABLE, FOOTPRINTS]


def test_levels_2a_are_told_apart_and_can_be_left_out(tmp_path, sensor):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    sentinel2.safe(tmp_path / "scenes", level="L2A", side=SIDE)
    index(tmp_path / "scenes", tmp_path / "both", sensor)
    assert [entry.level for entry in read_index(tmp_path / "both")] == ["L1C", "L2A"]
    index(tmp_path / "scenes", tmp_path / "one", sensor, levels=["L2A"])
    assert [entry.level for entry in read_index(tmp_path / "one")] == ["L2A"]


def test_two_acquisitions_of_one_day_are_both_kept(tmp_path, sensor):
    early = sentinel2.safe(tmp_path / "scenes", side=SIDE)
    late = sentinel2.safe(tmp_path / "made", side=SIDE)
    name = late.name.replace("T093041_N", "T111041_N")
    shutil.move(again(late, name), early.parent / name)
    index(tmp_path / "scenes", tmp_path / "index", sensor)
    assert [str(entry.key) for entry in read_index(tmp_path / "index")] == [
        "T33UUU_20230908T093041",
        "T33UUU_20230908T111041",
    ]


def test_of_processings_of_one_acquisition_the_newest_is_kept_and_the_other_named(tmp_path, sensor, caplog):
    old = sentinel2.safe(tmp_path / "scenes", side=SIDE, baseline="02.09")
    new = sentinel2.safe(tmp_path / "scenes", side=SIDE, baseline="05.09")
    with caplog.at_level(logging.WARNING):
        index(tmp_path / "scenes", tmp_path / "index", sensor)
    assert [entry.path for entry in read_index(tmp_path / "index")] == [new]
    assert old.name in caplog.text
    index(tmp_path / "scenes", tmp_path / "all", sensor, reprocessed="all")
    assert [entry.path for entry in read_index(tmp_path / "all")] == [old, new]


def test_granules_of_old_products_are_scenes_of_their_own(tmp_path, sensor):
    folder = sentinel2.old_safe(tmp_path / "scenes", tiles=("T33UUU", "T33UVU"), side=SIDE)
    index(tmp_path / "scenes", tmp_path / "index", sensor)
    entries = read_index(tmp_path / "index")
    assert [str(entry.key) for entry in entries] == ["T33UUU_20160225T101020", "T33UVU_20160225T101020"]
    assert all(entry.path.parent == folder / "GRANULE" for entry in entries)


def test_what_cannot_be_read_is_named_and_left_out(tmp_path, sensor, caplog):
    good = sentinel2.safe(tmp_path / "scenes", side=SIDE)
    bad = sentinel2.safe(tmp_path / "scenes", side=SIDE, tile="T32TNS", without=("B10",))
    (tmp_path / "scenes" / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    with zipfile.ZipFile(tmp_path / "scenes" / "holiday.zip", "w") as archive:
        archive.writestr("beach.txt", "sand")
    with caplog.at_level(logging.WARNING):
        index(tmp_path / "scenes", tmp_path / "index", sensor)
    assert [entry.path for entry in read_index(tmp_path / "index")] == [good]
    assert bad.name in caplog.text and "B10" in caplog.text and "cut.zip" in caplog.text
    assert "holiday" not in caplog.text


def test_clouds_are_those_of_the_metadata(tmp_path, sensor):
    for tile, cover in (("T33UUU", 80.5), ("T32TNS", 10.25)):
        folder = sentinel2.safe(tmp_path / "scenes", side=SIDE, tile=tile)
        (metadata,) = folder.glob("GRANULE/*/MTD_TL.xml")
        text = f"<CLOUDY_PIXEL_PERCENTAGE>{cover}</CLOUDY_PIXEL_PERCENTAGE></n1:General_Info>"
        metadata.write_text(metadata.read_text().replace("</n1:General_Info>", text))
    index(tmp_path / "scenes", tmp_path / "index", sensor)
    assert [entry.cloud_cover for entry in read_index(tmp_path / "index")] == [10.25, 80.5]
    index(tmp_path / "scenes", tmp_path / "clear", sensor, cloud_cover=50)
    assert [entry.key.tile for entry in read_index(tmp_path / "clear")] == ["T32TNS"]
    with pytest.raises(
        UserError, match=r"generator\.cloud_cover: found no scene of any level with at most 5 %"
    ):
        index(tmp_path / "scenes", tmp_path / "none", sensor, cloud_cover=5)
    assert not (tmp_path / "none").exists()


def test_any_number_of_workers_gives_the_same_bytes(tmp_path, sensor):
    for tile in ("T33UUU", "T32TNS", "T13TDE"):
        sentinel2.safe(tmp_path / "scenes", side=SIDE, tile=tile)
    for workers in (1, 3):
        index(tmp_path / "scenes", tmp_path / str(workers), sensor, num_workers=workers)
    for name in (TABLE, FOOTPRINTS):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "3" / name).read_bytes()


def test_nothing_is_unpacked_or_written_beside_the_index(tmp_path, sensor):
    folder = sentinel2.safe(tmp_path / "made", side=SIDE)
    (tmp_path / "scenes").mkdir()
    sentinel2.zipped(folder, tmp_path / "scenes" / "one.zip", compression=zipfile.ZIP_DEFLATED)
    index(tmp_path / "scenes", tmp_path / "index", sensor)
    assert [path.name for path in (tmp_path / "scenes").iterdir()] == ["one.zip"]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda folder: None, "generator.input: found no .*scenes, expected a folder of SAFE products"),
        (
            lambda folder: folder.mkdir(),
            "generator.input: found no product of Sentinel-2 Level-1C below .*scenes",
        ),
        (
            lambda folder: (folder / "GRANULE").mkdir(parents=True),
            "found 1 products below .* and none that can be read",
        ),
    ],
)
def test_without_products_one_sentence_and_no_output(tmp_path, sensor, made, words):
    made(tmp_path / "scenes")
    with pytest.raises(UserError, match=words):
        index(tmp_path / "scenes", tmp_path / "index", sensor)
    assert not (tmp_path / "index").exists()


def test_the_verb_makes_an_index(tmp_path, verb):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    outcome = verb(
        "generate", "generator=scene_index", f"input={tmp_path / 'scenes'}", f"output={tmp_path / 'index'}"
    )
    assert outcome.status == 0, outcome.err
    assert len(read_index(tmp_path / "index")) == 1 and re.search("index$", outcome.last_line)

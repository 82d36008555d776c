"""The table of scenes and the map of their footprints."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from errors import UserError
from products.scene import SceneKey
from products.scene_index import FOOTPRINTS, TABLE, SceneEntry, is_index, paths_of, read_index, write_index

SQUARE = ((7.0, 46.0), (8.0, 46.0), (8.0, 47.0), (7.0, 47.0), (7.0, 46.0))


def entry(folder, name="A", hour=10, tile="T32TNS", **changes):
    """A scene whose file is there."""
    path = folder / f"{name}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    key = SceneKey(tile, datetime(2021, 1, 26, hour, 23, 11))
    facts = {
        "level": "L1C",
        "baseline": "03.01",
        "cloud_cover": 12.5,
        "crs": "EPSG:32632",
        "height": 40,
        "width": 50,
    }
    return replace(SceneEntry(key, name, path, resolution_m=10, footprint=(SQUARE,), **facts), **changes)


def test_what_is_written_is_read_again(tmp_path):
    first = entry(tmp_path / "scenes")
    other = entry(tmp_path / "scenes", "B", 11, cloud_cover=None, baseline="")
    write_index(tmp_path / "index", [other, first])
    assert is_index(tmp_path / "index") and not is_index(tmp_path / "scenes")
    assert read_index(tmp_path / "index") == [replace(first, footprint=()), replace(other, footprint=())]


def test_two_scenes_of_one_day_are_both_there(tmp_path):
    scenes = [entry(tmp_path, "A", 10), entry(tmp_path, "B", 11)]
    write_index(tmp_path, scenes)
    assert [str(scene.key) for scene in read_index(tmp_path)] == [
        "T32TNS_20210126T102311",
        "T32TNS_20210126T112311",
    ]


def test_scenes_and_index_can_be_moved_together(tmp_path):
    write_index(tmp_path / "here" / "index", [entry(tmp_path / "here" / "scenes")])
    assert "../scenes/A.tif" in (tmp_path / "here" / "index" / TABLE).read_text()
    (tmp_path / "here").rename(tmp_path / "there")
    assert paths_of(tmp_path / "there" / "index") == [tmp_path / "there" / "scenes" / "A.tif"]


def test_an_index_behind_a_link_finds_its_scenes(tmp_path):
    write_index(tmp_path / "deep" / "down" / "index", [entry(tmp_path / "scenes")])
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "down" / "index")
    assert paths_of(tmp_path / "link") == [tmp_path / "scenes" / "A.tif"]


def test_the_order_of_scenes_does_not_change_a_byte(tmp_path):
    scenes = [entry(tmp_path, name, hour) for name, hour in (("C", 12), ("A", 10), ("B", 10))]
    write_index(tmp_path / "one", scenes)
    write_index(tmp_path / "two", scenes[::-1])
    for name in (TABLE, FOOTPRINTS):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_footprints_are_polygons_with_the_facts_of_the_table(tmp_path):
    parts = (SQUARE, tuple((x - 20, y) for x, y in SQUARE))
    write_index(tmp_path, [entry(tmp_path, "A"), entry(tmp_path, "B", 11, footprint=parts)])
    one, two = json.loads((tmp_path / FOOTPRINTS).read_text())["features"]
    assert one["geometry"] == {"type": "Polygon", "coordinates": [[list(point) for point in SQUARE]]}
    assert two["geometry"]["type"] == "MultiPolygon" and len(two["geometry"]["coordinates"]) == 2
    assert one["properties"]["cloud_cover"] == 12.5 and one["properties"]["path"] == "A.tif"


def test_a_table_written_by_hand_needs_key_and_path_only(tmp_path):
    entry(tmp_path)
    (tmp_path / TABLE).write_text("key,path\nT32TNS_20210126T102311,A.tif\n20210127,A.tif\n")
    first, second = read_index(tmp_path)
    assert first.key == SceneKey("T32TNS", datetime(2021, 1, 26, 10, 23, 11)) and first.name == "A"
    assert second.key == SceneKey("", datetime(2021, 1, 27), day_only=True)


def test_scenes_without_tile_and_time_have_no_key(tmp_path):
    write_index(tmp_path, [entry(tmp_path, "A", key=None), entry(tmp_path, "B")])
    assert [scene.key is None for scene in read_index(tmp_path)] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "name\nA\n",
        "key,path\n20210126,\n",
        "key,path\nyesterday,A.tif\n",
        "key,path,width\n20210126,A.tif,x\n",
    ],
)
def test_a_damaged_table_is_one_sentence_with_its_name(tmp_path, text):
    (tmp_path / TABLE).write_text(text)
    with pytest.raises(UserError, match=r"scenes\.csv.*found .*expected"):
        read_index(tmp_path)


def test_a_scene_that_is_gone_is_named(tmp_path):
    scene = entry(tmp_path)
    write_index(tmp_path, [scene])
    scene.path.unlink()
    with pytest.raises(UserError, match=r"A\.tif, which is not there any more"):
        paths_of(tmp_path)


def test_an_index_without_scenes_cannot_be_used(tmp_path):
    write_index(tmp_path, [])
    with pytest.raises(UserError, match="found no scene"):
        paths_of(tmp_path)

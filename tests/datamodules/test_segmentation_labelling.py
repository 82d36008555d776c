import json

import numpy as np
import pytest

from datamodules.segmentation_labelling import PoolWindows, labelled_windows, parse_id, read_edits
from datamodules.segmentation_split import Part
from datamodules.segmentation_windows import Area, WindowGrid
from errors import UserError
from products.query_folder import RECORD, Query, read_queries, record_of
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, scene

SCENES = [scene("a"), scene("b")]
PARTS = [Part(0, (Window(0, 0, 32, 64), Window(40, 0, 24, 32))), Part(1, (Window(0, 0, 16, 16),))]


def listed(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return labelled_windows(path, SCENES, PARTS)


def test_ids():
    assert parse_id("a#b#1,2,3,4") == ("a#b", Window(1, 2, 3, 4))
    assert [parse_id(text) for text in ("a", "a#1,2,3", "a#1,2,3,x", "a#-1,2,3,4", "a#1,2,0,4")] == [None] * 5


def test_windows_in_the_order_of_the_file(tmp_path):
    found = listed(tmp_path / "l.json", {"windows": ["b#0,0,8,8", "a#40,0,8,8", "b#0,0,8,8", "a#0,8,8,8"]})
    assert found == [Area(1, Window(0, 0, 8, 8)), Area(0, Window(40, 0, 8, 8)), Area(0, Window(0, 8, 8, 8))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ({"windows": []}, "lists no windows"),
        ([1], "lists no windows"),
        ({"windows": ["c#0,0,8,8"]}, "c#0,0,8,8 is no window of the training area"),
        ({"windows": ["a#28,0,8,8"]}, "a#28,0,8,8 is no window of the training area"),
    ],
)
def test_bad_lists(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        listed(tmp_path / "l.json", content)


def test_no_list(tmp_path):
    with pytest.raises(UserError, match=r"data.labelled: .*nowhere.json cannot be read"):
        labelled_windows(tmp_path / "nowhere.json", SCENES, PARTS)


def asked_of(id):
    name, window = parse_id(id)
    return name, "", window


def queries(folder, *ids):
    """A query folder with an answer of water for each id."""
    folder.mkdir()
    asked = [Query(f"{number:04d}", id, *asked_of(id)) for number, id in enumerate(ids)]
    (folder / RECORD).write_text(record_of(CLOUDS, asked))
    opened = read_queries(folder)
    for query in opened.queries:
        opened.write_edited(query, np.full(query.window[2:], 3, np.uint8), {"annotator": "test"})
    return folder


def test_answers_join_the_training_and_others_are_named(tmp_path):
    folder = queries(tmp_path / "q", "a#0,8,8,8", "a#28,0,8,8", "c#0,0,8,8", "b#8,8,8,8")
    edits = read_edits([folder], CLOUDS, SCENES, PARTS)
    assert edits.areas == (Area(0, Window(0, 8, 8, 8)), Area(1, Window(8, 8, 8, 8)))
    assert edits.left_out == ("a#28,0,8,8", "c#0,0,8,8")
    assert len(edits.of_scene[0]) == 1 and (edits.of_scene[0][0].mask == 3).all()


def test_the_pool_is_what_is_not_labelled():
    grid = WindowGrid([Area(0, Window(0, 0, 32, 32))], 16)
    pool = PoolWindows(grid, {1, 2})
    assert [str(placed.window) for placed in pool] == ["0,0,16,16", "16,16,16,16"] and len(pool) == 2

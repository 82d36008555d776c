import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from errors import UserError
from products.class_table import ClassTable
from products.grid import Grid
from products.patch_raster import write_patch
from products.query_folder import EditedMask, Query, edited_masks, read_queries, record_of
from products.window import Window

CLASSES = ClassTable(
    name="clouds",
    classes={
        "cloud": {"values": [4], "colour": [255, 0, 0]},
        "ground": {"values": [3], "colour": [112, 153, 89]},
        "snow": {"values": [1], "colour": [115, 191, 250]},
    },
)
QUERIES = (
    Query("0001", "A#0,0,4,6", "A", "scenes/A.tif", Window(0, 0, 4, 6), score=0.5, acquisition="entropy", round=2, seed=7),
    Query("0002", "A#4,0,4,6", "A", "scenes/A.tif", Window(4, 0, 4, 6)),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "queries.json").write_text(record_of(CLASSES, QUERIES, ["B4"], {"draws": 8}))
    return tmp_path


def test_record_says_what_was_written(folder):
    content = read_queries(folder)
    assert content.queries == QUERIES
    assert content.bands == ("B4",)
    assert content.facts == {"draws": 8}
    assert content.classes.names == CLASSES.names
    assert content.classes.colours == CLASSES.colours
    assert content.classes.values == CLASSES.values


def test_answers_come_back_with_their_provenance(folder):
    content = read_queries(folder)
    assert edited_masks(folder, CLASSES) == []
    mask = np.full((4, 6), 255, np.uint8)
    mask[:2] = 2
    content.write_edited(QUERIES[1], mask, {"source": "page", "annotator": "Ada"})
    assert content.is_edited(QUERIES[1])
    assert not content.is_edited(QUERIES[0])
    (answer,) = edited_masks(folder, CLASSES)
    assert isinstance(answer, EditedMask)
    assert answer.id == "A#4,0,4,6"
    assert (answer.mask == mask).all()
    assert answer.provenance["annotator"] == "Ada"
    assert answer.provenance["pixels"] == 12
    assert answer.provenance["time"]
    with rasterio.open(folder / "edited" / "0002.tif") as file:
        assert file.nodata == 255
        assert file.colormap(1)[2] == (115, 191, 250, 255)


def test_an_answer_lies_where_its_image_lies(folder):
    grid = Grid(4, 6, rasterio.crs.CRS.from_epsg(32633).to_wkt(), (10.0, 0.0, 5000.0, 0.0, -10.0, 9000.0))
    write_patch(folder / "images" / "0001.tif", np.ones((1, 4, 6), np.float32), grid, bands=["B4"])
    read_queries(folder).write_edited(QUERIES[0], np.zeros((4, 6), np.uint8), {})
    with rasterio.open(folder / "edited" / "0001.tif") as file:
        assert file.crs.to_epsg() == 32633
        assert file.transform == Affine(10, 0, 5000, 0, -10, 9000)


def test_a_mask_drawn_by_hand_needs_no_record(folder):
    write_patch(folder / "edited" / "0001.tif", np.ones((1, 4, 6), np.uint8), None)
    (answer,) = edited_masks(folder, CLASSES)
    assert answer.provenance["source"] == "file"


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((1, 4, 6), 3, np.uint8), r"0001.tif: found 3, expected 0 cloud, 1 ground, 2 snow, 255 unknown"),
        (np.zeros((1, 6, 4), np.uint8), r"found a mask of 6 x 4 pixels, expected 4 x 6"),
        (np.zeros((1, 4, 6), np.float32), r"found float32 numbers"),
        (np.zeros((3, 4, 6), np.uint8), r"found 3 bands, expected one"),
    ],
)  # fmt: skip
def test_masks_that_are_no_answers_are_refused(folder, pixels, words):
    write_patch(folder / "edited" / "0001.tif", pixels, None)
    with pytest.raises(UserError, match=words):
        edited_masks(folder, CLASSES)


def test_a_refused_answer_leaves_nothing(folder):
    with pytest.raises(UserError, match="found 9"):
        read_queries(folder).write_edited(QUERIES[0], np.full((4, 6), 9, np.uint8), {})
    assert not (folder / "edited").exists()


def test_a_damaged_answer_is_named(folder):
    (folder / "edited").mkdir()
    (folder / "edited" / "0001.tif").write_bytes(b"no raster")
    with pytest.raises(UserError, match=r"0001\.tif: cannot be read"):
        edited_masks(folder, CLASSES)


def test_queries_about_other_classes_are_refused(folder):
    other = ClassTable(name="two", classes={"a": {"values": [0], "colour": [0, 0, 0]}, "b": {"values": [1], "colour": [1, 1, 1]}})  # fmt: skip
    with pytest.raises(
        UserError, match="found queries about cloud, ground, snow, expected classes=two: a, b"
    ):
        edited_masks(folder, other)


def test_folders_that_ask_nothing_are_named(tmp_path, folder):
    with pytest.raises(UserError, match=r"found no queries\.json"):
        read_queries(tmp_path / "nowhere")
    record = json.loads((folder / "queries.json").read_text())
    record["queries"][0]["stem"] = "../../0001"
    (folder / "queries.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="expected one without folders"):
        read_queries(folder)
    (folder / "queries.json").write_text("{}")
    with pytest.raises(UserError, match="found the schema None"):
        read_queries(folder)
    (folder / "queries.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        read_queries(folder)

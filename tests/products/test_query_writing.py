import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from errors import UserError
from products.class_raster import CLASSES_TAG
from products.patch_raster import write_patch
from products.query_folder import edited_masks, read_queries
from products.query_writing import Display, write_queries
from tests.fakes import query_folders
from tests.fakes.query_folders import BANDS, CLASSES, DISPLAY


def test_a_folder_holds_what_annotators_need(tmp_path):
    folder = query_folders.write(tmp_path / "queries")
    for kind in ("images", "predictions", "uncertainty", "masks", "rgb", "false_colour"):
        assert all(folder.file(kind, query).exists() for query in folder.queries), kind
    second, patch = folder.queries[1], query_folders.patch(folder.queries[1])
    with rasterio.open(folder.file("images", second)) as file:
        assert file.descriptions == BANDS
        assert file.crs.to_epsg() == 32632
        assert file.transform.c == 300000 + 48 * 10  # the window begins 48 columns into the scene
        assert np.array_equal(file.read(), np.where(patch.valid, patch.image, 0))
        assert file.nodata == 0
    with rasterio.open(folder.file("predictions", second)) as file:
        assert np.array_equal(file.read(1), patch.prediction)
        assert file.colormap(1)[0] == (255, 0, 0, 255)
        assert file.tags()[CLASSES_TAG] == "cloud,ground,snow,water"
    with rasterio.open(folder.file("uncertainty", second)) as file:
        assert np.array_equal(file.read(1), patch.uncertainty)
        assert file.descriptions == ("entropy",)


def test_label_studio_gets_tasks_and_an_interface(tmp_path):
    folder = query_folders.write(tmp_path / "queries")
    tasks = json.loads((folder.path / "label_studio.json").read_text())
    assert [each["data"]["query"] for each in tasks] == [query.id for query in folder.queries]
    assert tasks[0]["data"]["image"] == "/data/local-files/?d=queries/rgb/0001.png"
    assert (folder.path / "rgb" / "0001.png").exists()
    assert 'value="snow" background="#73bffa"' in (folder.path / "label_config.xml").read_text()


def test_pictures_show_the_bands_that_are_asked_for():
    image = np.zeros((4, 2, 2), np.float32)
    image[3, 0, 0], image[3, 0, 1] = 3000, 1500
    valid = np.array([[True, True], [True, False]])
    colours = {"rgb": ("d", "a", "b")}
    shown = Display(colours, (0, 100), 1000).picture("rgb", image, valid, "abcd")
    assert shown[..., 0].tolist() == [[255, 128], [0, 0]]
    assert not shown[..., 1:].any()
    assert Display(colours, (0, 100), 1000, gamma=0.5).picture("rgb", image, valid, "abcd")[0, 1, 0] == 180
    # two bands for three colours, and even ground that stays dark grey instead of noise
    even = Display(colours, (0, 100), 1000).picture(
        "rgb", np.array([[[0.0, 10.0]], [[0.0, 10.0]]]), np.ones((1, 2), bool), ("B8", "altitude")
    )
    assert even.shape == (1, 2, 3)
    assert int(even.max()) - int(even.min()) <= 3


def test_a_repeated_round_keeps_the_answers(tmp_path):
    folder = query_folders.write(tmp_path / "queries")
    folder.write_edited(folder.queries[0], np.ones((40, 48), np.uint8), {"annotator": "Ada"})
    again = query_folders.write(tmp_path / "queries")
    assert again.is_edited(again.queries[0])
    others = [replace(query, id=f"other#{query.window}", scene="other") for query in query_folders.queries()]
    with pytest.raises(UserError, match="found answers to other queries"):
        write_queries(folder.path, others, [], CLASSES, BANDS, DISPLAY)
    assert edited_masks(folder.path, CLASSES)[0].provenance["annotator"] == "Ada"


def test_unanswered_queries_make_room_for_others(tmp_path):
    folder = query_folders.write(tmp_path / "queries")
    others = [replace(query, id=f"other#{query.window}", scene="other") for query in query_folders.queries()]
    write_queries(folder.path, others, [], CLASSES, BANDS, DISPLAY)
    assert read_queries(folder.path).queries[0].scene == "other"
    assert not (folder.path / "images").exists()  # nothing of the earlier ones is left


def test_what_fails_in_the_middle_leaves_nothing(tmp_path):
    def patches():
        yield query_folders.patch(query_folders.queries()[0])
        raise UserError("the scene is damaged")

    with pytest.raises(UserError, match="the scene is damaged"):
        write_queries(tmp_path / "queries", query_folders.queries(), patches(), CLASSES, BANDS, DISPLAY)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    write_patch(tmp_path / "mine.tif", np.zeros((1, 4, 4), np.uint8), None)
    with pytest.raises(UserError, match="files that are no queries"):
        query_folders.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.tif"]


def test_windows_without_data_are_black():
    valid = np.zeros((3, 3), bool)
    assert not DISPLAY.picture("rgb", np.ones((6, 3, 3), np.float32), valid, BANDS).any()

import json

import numpy as np
import pytest

from callbacks.query_answers import chosen_windows, is_written, take_answers
from errors import UserError
from products.brush_rle import encode
from products.patch_raster import write_patch
from products.query_folder import edited_masks
from tests.fakes import query_folders


def test_chosen_windows_by_acquisition(tmp_path):
    assert not is_written(tmp_path, ["bald+core_set"])
    folder = query_folders.write(tmp_path / "bald_core_set")
    assert is_written(tmp_path, ["bald+core_set"])
    assert not is_written(tmp_path, ["bald+core_set", "random"])
    assert is_written(tmp_path, [])
    assert chosen_windows(tmp_path, "bald+core_set") == [query.id for query in folder.queries]


def test_answers_are_counted_and_exports_taken_in(tmp_path):
    folder = query_folders.write(tmp_path / "queries", count=3)
    assert take_answers(folder.path) == (0, 3)
    folder.write_edited(folder.queries[0], np.ones((40, 48), np.uint8), {})
    value = {"format": "rle", "rle": encode(np.ones((40, 48), bool)), "brushlabels": ["snow"]}
    task = {
        "id": 1,
        "data": {"query": folder.queries[2].id},
        "annotations": [{"id": 1, "result": [{"value": value}]}],
    }
    (folder.path / "label_studio_export.json").write_text(json.dumps([task]))
    assert take_answers(folder.path) == (2, 3)
    assert (edited_masks(folder.path, folder.classes)[1].mask == 2).all()


def test_wrong_answers_are_named(tmp_path):
    folder = query_folders.write(tmp_path / "queries")
    write_patch(folder.path / "edited" / "0001.tif", np.full((1, 40, 48), 7, np.uint8), None)
    with pytest.raises(UserError, match=r"0001\.tif: found 7, expected 0 cloud"):
        take_answers(folder.path)

import json
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from errors import UserError
from products.brush_rle import decode, encode
from products.class_table import ClassTable
from products.label_studio import import_export, label_config, task
from products.query_folder import edited_masks
from tests.fakes import query_folders
from tests.fakes.query_folders import CLASSES


def region(mask, label):
    height, width = mask.shape
    return {
        "type": "brushlabels", "from_name": "mask", "to_name": "image", "original_width": width, "original_height": height,
        "value": {"format": "rle", "rle": encode(mask), "brushlabels": [label]},
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return query_folders.write(tmp_path / "queries")


@pytest.fixture
def painted():
    """The upper ten rows cloud, then water over the left ten columns."""
    cloud, water = np.zeros((40, 48), bool), np.zeros((40, 48), bool)
    cloud[:10], water[:, :10] = True, True
    expected = np.full((40, 48), 255, np.uint8)
    expected[cloud], expected[water] = 0, 3
    return cloud, water, expected


def export(tmp_path, tasks):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    return path


def test_the_interface_is_xml_with_a_brush_for_each_class():
    table = ClassTable(name="odd", classes={'a "b" <c>': {"values": [0], "colour": [1, 2, 3]}, "d": {"values": [1], "colour": [0, 0, 0]}})  # fmt: skip
    labels = ElementTree.fromstring(label_config(table)).findall("BrushLabels/Label")
    assert [label.get("value") for label in labels] == ['a "b" <c>', "d"]
    assert labels[0].get("background") == "#010203"


def test_a_task_begins_with_what_the_network_says():
    query = query_folders.queries()[0]
    prediction = query_folders.patch(query).prediction
    (guess,) = task(query, CLASSES, prediction, "queries")["predictions"]
    assert [each["value"]["brushlabels"] for each in guess["result"]] == [["cloud"], ["ground"]]
    ground = decode(guess["result"][1]["value"]["rle"], prediction.shape)
    assert (ground == (prediction == 1)).all()
    assert "predictions" not in task(query, CLASSES, None, "queries")


def test_brush_strokes_become_answers(folder, tmp_path, painted):
    cloud, water, expected = painted
    annotations = [
        {"id": 1, "updated_at": "2026-01-01", "completed_by": 5, "result": [region(water, "snow")]},
        {"id": 2, "updated_at": "2026-01-03", "completed_by": {"id": 7, "email": "ada@x.org"},
         "result": [region(cloud, "cloud"), region(water, "water")]},
        {"id": 3, "updated_at": "2026-01-05", "was_cancelled": True, "result": [region(cloud, "snow")]},
    ]  # fmt: skip
    tasks = [
        {"id": 31, "data": {"query": folder.queries[0].id}, "annotations": annotations},
        {"id": 32, "data": {"query": folder.queries[1].id}, "annotations": [{"id": 9, "result": []}]},
    ]
    taken = import_export(export(tmp_path, tasks), folder.path)
    assert taken == [folder.queries[0]]
    (answer,) = edited_masks(folder.path, CLASSES)
    assert (answer.mask == expected).all()
    assert answer.provenance["source"] == "label_studio"
    assert answer.provenance["annotator"] == "ada@x.org"


def test_the_short_export_too(folder, tmp_path, painted):
    cloud, water, expected = painted
    own = {"query": folder.queries[1].id, "annotator": 4, "mask": [region(cloud, "cloud")["value"], region(water, "water")["value"]]}  # fmt: skip
    import_export(export(tmp_path, [own]), folder.path)
    (answer,) = edited_masks(folder.path, CLASSES)
    assert answer.id == folder.queries[1].id
    assert (answer.mask == expected).all()


def test_pictures_become_answers_through_the_tasks_beside_them(folder, tmp_path, painted):
    cloud, water, expected = painted
    out = tmp_path / "pictures"
    out.mkdir()
    Image.fromarray(cloud.astype(np.uint8) * 255).save(
        out / "task-31-annotation-8-by-ada@x.org-mask-cloud-0.png"
    )
    Image.fromarray(water.astype(np.uint8) * 255).save(
        out / "task-31-annotation-8-by-ada@x.org-mask-water-0.png"
    )
    Image.fromarray(water.astype(np.uint8) * 255).save(
        out / "task-31-annotation-2-by-ada@x.org-mask-snow-0.png"
    )
    with pytest.raises(UserError, match="found 0 JSON files"):
        import_export(out, folder.path)
    (out / "tasks.json").write_text(json.dumps([{"id": 31, "data": {"query": folder.queries[0].id}}]))
    import_export(out, folder.path)
    (answer,) = edited_masks(folder.path, CLASSES)
    assert (answer.mask == expected).all()
    assert answer.provenance["annotator"] == "ada@x.org"


def test_answers_that_came_otherwise_are_kept(folder, tmp_path, painted):
    cloud, _, _ = painted
    tasks = [{"id": 1, "data": {"query": folder.queries[0].id}, "annotations": [{"id": 1, "result": [region(cloud, "cloud")]}]}]  # fmt: skip
    folder.write_edited(folder.queries[0], np.ones((40, 48), np.uint8), {"source": "page"})
    assert import_export(export(tmp_path, tasks), folder.path) == []
    assert (edited_masks(folder.path, CLASSES)[0].mask == 1).all()
    folder.write_edited(folder.queries[0], np.ones((40, 48), np.uint8), {"source": "label_studio"})
    assert import_export(export(tmp_path, tasks), folder.path) == [
        folder.queries[0]
    ]  # a newer export of the same


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"data": {"query": "other#0,0,1,1"}},
            r"task 1: found the query 'other#0,0,1,1', which .* does not ask",
        ),
        ({"label": "fog"}, "found the label 'fog', expected one of cloud, ground, snow, water"),
        ({"mask": np.ones((3, 3), bool)}, "found 36 words of 8 bits, expected 7680"),
        ({"polygon": True}, "no brush stroke of one label"),
    ],
)
def test_exports_of_something_else_are_refused(folder, tmp_path, change, words):
    stroke = region(change.get("mask", np.ones((40, 48), bool)), change.get("label", "cloud"))
    if "polygon" in change:
        stroke = {"type": "polygonlabels", "value": {"points": [[0, 0]], "polygonlabels": ["cloud"]}}
    own = {"id": 1, "data": change.get("data", {"query": folder.queries[0].id}), "annotations": [{"id": 1, "result": [stroke]}]}  # fmt: skip
    with pytest.raises(UserError, match=words):
        import_export(export(tmp_path, [own]), folder.path)
    assert edited_masks(folder.path, CLASSES) == []


def test_files_that_are_no_exports_are_refused(folder, tmp_path):
    for text, words in (("{", "cannot be read as an export"), ("{}", "found no list of tasks")):
        path = tmp_path / "export.json"
        path.write_text(text)
        with pytest.raises(UserError, match=words):
            import_export(path, folder.path)
    with pytest.raises(UserError, match="cannot be read"):
        import_export(tmp_path / "nowhere.json", folder.path)

import json

import numpy as np
import pytest

from annotation.query_patches import QueryPatches
from errors import UserError
from products.query_folder import edited_masks
from products.window import Window
from tests.fakes.annotation_patches import BRIGHT, CLASSES, SNOW, known, prediction
from tests.fakes.annotation_server import COLOURS


@pytest.fixture
def patches(queries):
    return QueryPatches(queries.path, COLOURS)


def test_patches_are_the_queries(patches):
    second = patches.patches[1]
    assert (second.name, second.id, second.shape) == ("0002", "T32TNS_20210126#100,48,40,48", (40, 48))
    assert (second.window, second.score, second.acquisition) == (Window(100, 48, 40, 48), 0.25, "bald")
    assert patches.grid(1).transform == (10.0, 0.0, 300480.0, 0.0, -10.0, 5199000.0)
    assert patches.layers(1) == ("known", "prediction", "uncertainty")
    np.testing.assert_array_equal(patches.known(1), known(40, 48))
    np.testing.assert_array_equal(patches.prediction(1), prediction(40, 48))
    assert patches.uncertainty(1).dtype == np.float32


def test_pictures_are_read_or_made_of_the_image(queries, patches):
    assert patches.pictures(0) == ("rgb", "false_colour")
    shown = {name: patches.picture(0, name) for name in patches.pictures(0)}
    assert (shown["rgb"][BRIGHT] == 255).all()
    for name in shown:
        (queries.path / name / "0001.png").unlink()
    assert patches.pictures(0) == ("rgb", "false_colour")
    for name, picture in shown.items():
        np.testing.assert_allclose(patches.picture(0, name), picture, atol=1)


def test_answers_are_those_of_the_query_folder(queries, patches):
    mask = np.full((40, 48), SNOW, np.uint8)
    patches.save(2, mask, {"source": "page", "annotator": "Ada"})
    (answer,) = edited_masks(queries.path, CLASSES)
    assert answer.id == patches.patches[2].id
    assert answer.provenance["annotator"] == "Ada"
    np.testing.assert_array_equal(answer.mask, mask)
    assert patches.edited_file(2) == queries.path / "edited" / "0003.tif"


def test_what_is_not_there_is_left_out(queries, patches):
    for kind in ("masks", "uncertainty"):
        (queries.path / kind / "0001.tif").unlink()
    assert patches.layers(0) == ("prediction",)
    assert (patches.known(0), patches.uncertainty(0), patches.edited(0)) == (None, None, None)
    (queries.path / "images" / "0001.tif").unlink()
    assert patches.grid(0) is None


def test_a_query_without_anything_to_look_at_is_named(queries):
    for kind, suffix in (("images", "tif"), ("rgb", "png"), ("false_colour", "png")):
        (queries.path / kind / f"0002.{suffix}").unlink()
    with pytest.raises(UserError, match=r"found neither rgb/0002\.png nor images/0002\.tif"):
        QueryPatches(queries.path, COLOURS)


def test_a_folder_that_asks_nothing_is_named(queries):
    record = json.loads((queries.path / "queries.json").read_text())
    (queries.path / "queries.json").write_text(json.dumps({**record, "queries": []}))
    with pytest.raises(UserError, match="found no queries"):
        QueryPatches(queries.path, COLOURS)

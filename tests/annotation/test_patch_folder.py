import numpy as np
import pytest

from annotation.query_patches import QueryPatches
from tests.fakes import annotation_patches
from tests.fakes.annotation_patches import CLOUD, UNKNOWN, known, prediction
from tests.fakes.annotation_server import COLOURS


@pytest.fixture
def patches(queries):
    return QueryPatches(queries.path, COLOURS)


@pytest.mark.parametrize(("start", "source", "mask"), [
    ("known", "known", known(40, 48)), ("prediction", "prediction", prediction(40, 48)),
    ("nothing", "nothing", np.full((40, 48), UNKNOWN)),
])  # fmt: skip
def test_masks_begin_where_told(patches, start, source, mask):
    first = patches.first_mask(0, start)
    assert first.source == source
    np.testing.assert_array_equal(first.mask, mask)


def test_what_was_mended_comes_before_all(patches):
    mask = np.full((40, 48), CLOUD, np.uint8)
    patches.save(0, mask, {})
    assert patches.first_mask(0, "nothing").source == "edited"
    np.testing.assert_array_equal(patches.first_mask(0, "nothing").mask, mask)
    assert [patches.is_edited(number) for number in range(3)] == [True, False, False]


def test_where_nothing_is_known_the_prediction_is_next(queries, patches):
    (queries.path / "masks" / "0001.tif").unlink()
    assert patches.first_mask(0, "known").source == "prediction"
    (queries.path / "predictions" / "0001.tif").unlink()
    assert patches.first_mask(0, "known").source == "nothing"


def test_a_known_mask_of_unknown_pixels_is_not_known(tmp_path):
    folder = annotation_patches.write(tmp_path / "queries", 1, 8, 8).path  # only its last eight rows: all
    assert QueryPatches(folder, COLOURS).first_mask(0, "known").source == "prediction"


def test_the_revision_changes_with_the_mask(patches):
    revisions = [patches.revision(0)]
    for value in (0, 1, 0):
        patches.save(0, np.full((40, 48), value, np.uint8), {})
        revisions.append(patches.revision(0))
    assert revisions[0] == ""
    assert revisions[1] == revisions[3] != revisions[2]

import json
import pickle
from multiprocessing.pool import ExceptionWithTraceback
from pathlib import Path

import pytest

from serving.answers import Answer, failure, refusal, without_folders


def test_an_answer_survives_the_way_from_a_worker():
    # aiohttp's own exceptions do not: they kill the thread of the pool that reads results.
    sent = ExceptionWithTraceback(refusal("a sentence", 413), None)
    answer = pickle.loads(pickle.dumps(sent))
    assert isinstance(answer, Answer)
    assert (answer.status, str(answer)) == (413, "a sentence")
    assert json.loads(answer.text) == {"message": "a sentence"}
    assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("input=/srv/nadir/requests/ab/input/x.zip: no", "input=x.zip: no"),
        ("'/srv/a/b.tif' and /etc/x", "'b.tif' and x"),
        ("see https://example.org/a/b.zip", "see https://example.org/a/b.zip"),
        ("found granule/IMG/a.jp2, expected 3/4", "found granule/IMG/a.jp2, expected 3/4"),
    ],
)
def test_folders_are_not_told(sentence, told):
    assert refusal(sentence).sentence == told


def test_a_folder_with_spaces_is_known_by_name():
    root = Path("/srv/our place/requests/ab")
    assert without_folders(f"{root}/input/x.zip: no", root) == "input/x.zip: no"


def test_a_failure_tells_where_to_look_and_nothing_else():
    answer = failure("the prediction", "1a2b")
    assert answer.status == 500
    assert "1a2b" in answer.sentence

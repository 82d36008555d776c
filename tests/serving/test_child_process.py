import os
import subprocess
import sys

import numpy as np
import pytest

from errors import UserError
from serving.answers import Answer
from serving.child_process import check_prediction, check_training, environment, sentence_of
from serving.guarded_process import TIMED_OUT, Ended
from serving.settings import settings
from tests.fakes.http_server import content, serve
from tests.fakes.raster_folder import write_raster

BUG = "Traceback (most recent call last):\n  File '/srv/secret.py'\nnadir: rank 0 failed\n"


@pytest.mark.parametrize(
    ("status", "err", "sentence"),
    [
        (1, "warning\nnadir: data.root: found x, expected y\n", "data.root: found x, expected y"),
        (1, BUG, None),
        (1, "", None),
        (139, "nadir: not to be believed\n", None),
    ],
)
def test_sentences_are_for_users_and_tracebacks_are_not(status, err, sentence):
    assert sentence_of(Ended(status, "", err)) == sentence


def test_answers_of_a_prediction(tmp_path, caplog):
    check_prediction(Ended(0, "", ""), tmp_path, settings())
    with pytest.raises(Answer) as told:
        check_prediction(Ended(1, "", f"nadir: input={tmp_path}/input/a.zip: no\n"), tmp_path, settings())
    assert (told.value.status, told.value.sentence) == (400, "input=a.zip: no")
    with pytest.raises(Answer) as told:
        check_prediction(Ended(1, "", BUG), tmp_path, settings())
    assert told.value.status == 500
    assert "secret" not in told.value.sentence
    assert "secret.py" in caplog.text
    with pytest.raises(Answer) as told:
        check_prediction(Ended(TIMED_OUT, "", ""), tmp_path, settings())
    assert told.value.status == 503


def test_messages_of_a_training():
    check_training(Ended(0, "", ""), settings())
    with pytest.raises(UserError, match=r"^data.train: a.zip is empty$"):
        check_training(Ended(1, "", "nadir: data.train: /srv/data/a.zip is empty\n"), settings())
    with pytest.raises(UserError, match="the training failed"):
        check_training(Ended(1, "", BUG), settings())
    with pytest.raises(UserError, match="longer than"):
        check_training(Ended(TIMED_OUT, "", ""), settings())


OPEN = """
import sys, rasterio
for name in sys.argv[1:]:
    try:
        print(rasterio.open(name).shape)
    except rasterio.errors.RasterioIOError:
        print("refused")
"""


def test_gdal_reaches_neither_the_network_nor_other_files(tmp_path):
    secret = write_raster(tmp_path / "secret.tif", np.ones((1, 4, 6), np.uint16), pixel_m=10)
    (tmp_path / "pointer.tif").write_text(
        '<VRTDataset rasterXSize="6" rasterYSize="4"><VRTRasterBand dataType="UInt16" band="1"><SimpleSource>'
        f"<SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    ours = environment(settings(), tmp_path)
    assert ours["TMPDIR"] == str(tmp_path)
    with serve({"/secret.tif": content(secret.read_bytes())}) as (port, asked):
        remote = f"http://127.0.0.1:{port}/secret.tif"
        names = [str(tmp_path / "pointer.tif"), remote, f"/vsicurl/{remote}", f"/vsicurl_streaming/{remote}"]
        assert opened([str(secret), *names], ours) == ["(4, 6)"] + ["refused"] * 4
        assert asked == []
        assert opened(names[:3:2], dict(os.environ))[0] == "(4, 6)"
        assert asked != []  # with another environment GDAL would have gone there


def opened(names, variables):
    command = [sys.executable, "-c", OPEN, *names]
    told = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    return told.stdout.split("\n")[:-1]

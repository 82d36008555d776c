import http.client
import os
import re
import signal
import socket
import threading

import numpy as np
import pytest

from annotation.annotate import annotate
from errors import UserError
from products.class_table import ClassTable
from products.patch_raster import write_patch
from products.scene_reader import SceneReader
from tests.fakes import annotation_patches
from tests.fakes.annotation_patches import BANDS, CLASSES, image
from tests.fakes.annotation_server import COLOURS


def run(folder, meanwhile=lambda port, token: None, number=signal.SIGINT, **options):
    """Annotate until a signal comes, after `meanwhile`."""
    failed = []

    def on_start(address):
        def act():
            port, token = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=(\S+)", address).groups()
            try:
                meanwhile(int(port), token)
            except Exception as error:
                failed.append(error)
            os.kill(os.getpid(), number)

        threading.Thread(target=act).start()

    options = {"colours": COLOURS, "scenes": SceneReader(), "output": None, "open_browser": False, **options}
    figures = annotate(input=folder, on_start=on_start, **options)
    assert failed == []
    return figures


def put(port, token, number, mask):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("PUT", f"/api/patches/{number}/mask", mask.tobytes(), {"X-Nadir-Token": token})
    assert connection.getresponse().status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_by_a_signal_and_says_what_was_saved(queries, capsys, number):
    mask = np.zeros((40, 48), np.uint8)
    before = signal.getsignal(number)
    figures = run(
        queries.path, lambda port, token: [put(port, token, each, mask) for each in (0, 0, 2)], number
    )
    assert figures == {"saved": f"2 masks to {queries.path}/edited", "edited": "2 of 3 patches"}
    assert capsys.readouterr().out.startswith("Annotate at http://127.0.0.1:")
    assert signal.getsignal(number) == before


def test_nobody_else_can_reach_it(queries):
    reached = []

    def try_others(port, token):
        for address in _addresses_of_this_machine():
            with socket.socket() as client:
                client.settimeout(1)
                reached.append(client.connect_ex((address, port)) == 0)

    run(queries.path, try_others)
    assert not any(reached)


def _addresses_of_this_machine():
    """All that another machine could use, beside 127.0.0.2, which one that listens everywhere would answer too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            own = {probe.getsockname()[0]} - {"127.0.0.1"}
        except OSError:
            own = set()
    return ["127.0.0.2", *own]


def test_a_plain_folder_needs_classes(tmp_path):
    write_patch(tmp_path / "a.tif", image(40, 48), None, bands=BANDS)
    with pytest.raises(UserError, match=r"classes is required where there is no queries\.json"):
        run(tmp_path)
    mask = np.zeros((40, 48), np.uint8)
    figures = run(
        tmp_path, lambda port, token: put(port, token, 0, mask), classes=CLASSES, output=tmp_path / "out"
    )
    assert figures["saved"] == f"1 mask to {tmp_path}/out"
    assert (tmp_path / "out" / "a.tif").exists()


@pytest.mark.parametrize(("options", "words"), [
    ({"classes": ClassTable(name="two", classes={"a": 0, "b": 1})}, "found queries about cloud, ground, snow, water, expected classes=two"),
    ({"masks": "elsewhere"}, r"task\.masks: .* is a query folder"),
    ({"largest_side": 32}, r"0001 has 40 x 48 pixels, expected at most 32 a side \(task\.largest_side\)"),
    ({"start_from": "zero"}, r"task\.start_from: found zero, expected one of known, prediction, nothing"),
])  # fmt: skip
def test_what_does_not_go_together_is_told(queries, options, words):
    with pytest.raises(UserError, match=words):
        run(queries.path, **options)


def test_output_is_for_plain_folders(queries, tmp_path):
    with pytest.raises(UserError, match=r"output: .* is a query folder"):
        run(queries.path, output=tmp_path / "out")


def test_a_port_that_is_taken_is_named(queries):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=rf"task\.port: {port} cannot be used"):
            run(queries.path, port=port)


def test_the_config_composes(verb, tmp_path):
    annotation_patches.write(tmp_path / "queries", 1)
    words = ("task=annotate", f"input={tmp_path}/queries", "task.open_browser=false", "task.largest_side=16")
    outcome = verb("predict", *words)
    assert outcome.status == 1
    assert "0001 has 40 x 48 pixels, expected at most 16" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    outcome = verb("predict", "task=annotate", f"input={tmp_path}/queries", "classes=osm_landuse")
    assert "expected classes=osm_landuse: farm" in outcome.err

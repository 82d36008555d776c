import json
import socket
import zlib

import numpy as np
import pytest
import rasterio

from annotation.query_patches import QueryPatches
from tests.fakes.annotation_patches import CLOUD, GROUND, UNKNOWN, known, prediction
from tests.fakes.annotation_server import COLOURS, TOKEN, serve

SIZE = 40 * 48
MASK = "/api/patches/0/mask"


def test_the_session_tells_classes_and_patches(served, queries):
    session = served.ask("GET", "/api/session").json
    assert session["classes"][0] == {"index": 0, "name": "cloud", "colour": [255, 0, 0]}
    assert session["classes"][-1]["index"] == UNKNOWN
    assert session["folder"] == "queries"
    queries.write_edited(queries.queries[1], np.zeros((40, 48), np.uint8), {})
    patches = served.ask("GET", "/api/session").json["patches"]
    assert [patch["edited"] for patch in patches] == [False, True, False]
    assert patches[0] == {"name": "0001", "id": queries.queries[0].id, "score": 0.5, "edited": False}


def test_a_patch_and_its_layers(served):
    facts = served.ask("GET", "/api/patches/1").json
    assert (facts["height"], facts["width"], facts["window"]) == (40, 48, [100, 48, 40, 48])
    assert facts["crs"] == "EPSG:32632"
    assert facts["transform"] == [10, 0, 300480, 0, -10, 5199000]
    assert facts["pictures"] == ["rgb", "false_colour"]

    def layer(name, dtype, *shape):
        return np.frombuffer(served.ask("GET", f"/api/patches/1/layers/{name}").body, dtype).reshape(
            40, 48, *shape
        )

    np.testing.assert_array_equal(layer("mask", np.uint8), known(40, 48))
    np.testing.assert_array_equal(layer("prediction", np.uint8), prediction(40, 48))
    np.testing.assert_allclose(layer("uncertainty", "<f4")[0], np.linspace(0, 0.5, 48), rtol=1e-6)
    assert layer("rgb", np.uint8, 3)[10, 10].tolist() == [255, 255, 255]


def test_a_mask_is_kept_with_what_is_known_of_it(queries):
    mask = known(40, 48)
    mask[:2] = CLOUD
    with serve(queries.path, annotator="Ada") as served:
        answer = served.ask("PUT", MASK, mask.tobytes(), {"X-Nadir-Revision": ""})
        assert answer.status == 200
        assert served.server.saved == {0}
        layer = served.ask("GET", "/api/patches/0/layers/mask")
    assert layer.body == mask.tobytes()
    assert layer.headers["X-Nadir-Revision"] == answer.json["revision"]
    with rasterio.open(queries.path / "edited" / "0001.tif") as file:
        np.testing.assert_array_equal(file.read(1), mask)
        assert file.crs.to_epsg() == 32632
    record = json.loads((queries.path / "edited" / "provenance.json").read_text())["0001"]
    assert record["source"] == "page"
    assert record["annotator"] == "Ada"
    assert record["started_from"] == "known"
    assert record["changed_pixels"] == 96
    assert record["id"] == queries.queries[0].id


def test_an_older_revision_does_not_overwrite(served):
    first = served.ask("PUT", MASK, bytes([CLOUD] * SIZE), {"X-Nadir-Revision": ""})
    late = served.ask("PUT", MASK, bytes([GROUND] * SIZE), {"X-Nadir-Revision": ""})
    assert (first.status, late.status) == (200, 409)
    assert served.ask("GET", "/api/patches/0/layers/mask").body == bytes([CLOUD] * SIZE)
    assert (
        served.ask("PUT", MASK, bytes([GROUND] * SIZE), {"X-Nadir-Revision": first.json["revision"]}).status
        == 200
    )
    assert served.ask("PUT", MASK, bytes([CLOUD] * SIZE)).status == 200  # knowingly, without a revision


@pytest.mark.parametrize(("body", "status", "words"), [
    (bytes(SIZE - 1), 422, "found a mask of 1919 bytes, expected 1920"),
    (bytes(SIZE + 1), 413, "more than 1920 bytes"),
    (b"", 422, "found a mask of 0 bytes"),
    (bytes([4] * SIZE), 422, "found 4, expected 0 cloud, 1 ground, 2 snow, 3 water, 255 unknown"),
])  # fmt: skip
def test_what_is_no_mask_is_refused_and_leaves_nothing(served, queries, body, status, words):
    answer = served.ask("PUT", MASK, body)
    assert answer.status == status
    assert words in answer.message
    assert list((queries.path / "edited").iterdir()) == []
    assert served.server.saved == set()


@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd"])
def test_packed_bodies_are_refused(served, packing):
    bomb = zlib.compress(bytes(5_000_000))
    answer = served.ask("PUT", MASK, bomb, {"Content-Encoding": packing})
    assert answer.status == 415
    assert served.server.saved == set()


def test_a_body_that_does_not_end_is_not_read_to_its_end(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        head = f"PUT {MASK} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Nadir-Token: {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        chunk = b"1000\r\n" + bytes(0x1000) + b"\r\n"
        connection.sendall(chunk * 3)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert served.server.saved == set()


@pytest.mark.parametrize("path", [
    "/api/patches/3", "/api/patches/-1", "/api/patches/99999999999999", "/api/patches/0x1", "/api/patches/0/layers/edited",
    "/api/patches/0/layers/../../../queries.json", "/api/patches/0/layers/..%2f..%2fqueries", "/../server.py",
    "/..%2fserver.py", "/%2e%2e/server.py", "/queries.json", "/page/main.js", "/api/patches/0/layers/uncertainty/",
    "/main.js%00", "//etc/passwd", "/index.html/..", "/.",
])  # fmt: skip
def test_only_what_there_is_can_be_asked_for(served, path):
    answer = served.ask("GET", path)
    assert answer.status == 404, answer
    assert b"import" not in answer.body


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/patches/0"), ("POST", MASK), ("DELETE", MASK), ("PUT", "/main.js")]
)
def test_other_methods_are_refused(served, method, path):
    assert served.ask(method, path, b"x").status == 405


def test_the_page_and_its_parts_are_served_to_all(served):
    page = served.ask("GET", "/", headers={"X-Nadir-Token": "none"})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"main.js" in page.body
    assert served.ask("GET", "/main.js").headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_a_file_that_is_damaged_is_a_sentence(served, queries):
    (queries.path / "predictions" / "0001.tif").write_bytes(b"no raster")
    answer = served.ask("GET", "/api/patches/0/layers/prediction")
    assert answer.status == 422
    assert "0001.tif: cannot be read" in answer.message


def test_masks_begin_where_the_server_was_told(queries):
    with serve(QueryPatches(queries.path, COLOURS), start="prediction") as served:
        assert served.ask("GET", "/api/patches/0/layers/mask").body == prediction(40, 48).tobytes()

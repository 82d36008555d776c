import io

import requests

from tests.serving.conftest import UPLOAD_BYTES


def test_long_requests_are_refused_with_and_without_their_length(server):
    data = b"x" * (UPLOAD_BYTES + 1)
    answer = server.post("predict", files={"data": io.BytesIO(data)})
    assert answer.status_code == 413
    assert str(UPLOAD_BYTES) in answer.json()["message"]
    boundary = "frontier"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\n'.encode()
    parts = iter([head, data, f"\r\n--{boundary}--\r\n".encode()])
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = server.post("predict", data=parts, headers=kind)
    assert answer.status_code == 413
    assert server.leftovers() == []


def test_arguments_that_nobody_knows_are_told(server):
    for options in ({"params": {"sensr": "sentinel2"}}, {"data": {"sensr": "x"}}, {"json": {"sensr": "x"}}):
        for action in ("predict", "train"):
            answer = server.post(action, **options)
            assert answer.status_code == 422
            assert answer.json()["message"].startswith("found the argument 'sensr', expected some of ")


def test_bodies_that_cannot_be_read_are_told(server):
    for body, kind in ((b"{", "application/json"), (b"[1]", "application/json"),
                       (b"x", "multipart/form-data; boundary=a"), (b"x", "multipart/form-data")):  # fmt: skip
        answer = server.post("predict", data=body, headers={"Content-Type": kind})
        assert answer.status_code == 400, body
        assert "cannot be read" in answer.json()["message"]


def test_two_files_for_one_argument(server):
    answer = server.post("predict", files=[("data", ("a", b"x")), ("data", ("b", b"x"))])
    assert (answer.status_code, answer.json()) == (
        422,
        {"message": "data: found several files, expected one"},
    )
    assert server.leftovers() == []


def test_text_is_no_file(server):
    answer = server.post("predict", data={"data": "/etc/passwd"})
    assert answer.status_code == 422
    assert answer.json()["data"][0].startswith("Not a file")


def test_values_of_another_kind_are_told_by_name(server):
    for name, value in (("region_pixels", "1,2,3"), ("region_pixels", "[0,0,9,9]"), ("copy_original_bands", "perhaps"),
                        ("targets_m", "x"), ("driver", "VRT"), ("url", "file:///etc/passwd"),
                        ("run", "../work"), ("swath_crs", "EPSG:4326 +x"), ("region_lonlat", "1,2,3,nan")):  # fmt: skip
        answer = server.post("predict", params={name: value})
        assert answer.status_code == 422, name
        assert name in answer.json()


def test_what_cannot_be_accepted_is_told(server):
    answer = server.post("predict", headers={"Accept": "image/png"})
    assert answer.status_code == 422
    assert "image/tiff" in answer.json()["accept"][0]


def test_other_pages_pass(server):
    assert requests.get(server.model.replace("/v2/models/nadir", "/api"), timeout=30).status_code == 200
    assert requests.delete(f"{server.model}/train/nobody", timeout=30).status_code == 404

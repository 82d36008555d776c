"""Predictions as somebody asks for them, of a really started server."""

import io
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest
import rasterio

from serving.answers import Answer
from serving.prediction import _check_arguments, _harmless
from tests.fakes import sentinel2
from tests.fakes.http_server import content, redirect

ORIGINALS = ["B4 (665 nm)", "B3 (560 nm)", "B2 (490 nm)", "B8 (842 nm)"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    root = tmp_path_factory.mktemp("safe")
    return sentinel2.zipped(sentinel2.safe(root), root / "S2A_scene.zip")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("S2A_MSIL1C.SAFE.zip", "S2A_MSIL1C.SAFE.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\a b$(c).tif", "a_b_c_.tif"),
        (".hidden", "hidden"),
        ("--output=x", "output_x"),
        ("", "product"),
        (None, "product"),
        ("..", "product"),
        ("a" * 300 + ".zip", "a" * 96 + ".zip"),
    ],
)
def test_names_of_files_are_made_harmless(sent, kept):
    assert _harmless(sent) == kept


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"sensor": "sentinel2"}, "data, url: found neither"),
        ({"sensor": "sentinel2", "data": "x", "url": "y"}, "data, url: found data and url"),
        ({"data": "x"}, "sensor, run: expected exactly one"),
        ({"data": "x", "sensor": "s", "run": "r"}, "sensor, run: expected exactly one"),
        ({"data": "x", "sensor": "s", "region_pixels": [1] * 4, "region_lonlat": [1.0] * 4}, "found both"),
    ],
)
def test_arguments_that_exclude_each_other(arguments, sentence):
    with pytest.raises(Answer, match=sentence) as told:
        _check_arguments(arguments, "application/json", "GTiff")
    assert told.value.status == 400


def test_a_format_that_cannot_be_accepted():
    with pytest.raises(Answer) as told:
        _check_arguments({"data": "x", "sensor": "s"}, "image/tiff", "npz")
    assert told.value.status == 406


def test_a_summary_of_an_upload(server, archive):
    with archive.open("rb") as file:
        answer = server.post("predict", files={"data": file}, data={"sensor": "sentinel2"})
    assert answer.status_code == 200, answer.text
    told = answer.json()["predictions"]
    names = [band["name"] for band in told["bands"]]
    assert names[:4] == ORIGINALS
    assert names[4:] == [
        "SRB5 (705 nm)", "SRB6 (740 nm)", "SRB7 (783 nm)", "SRB8A (865 nm)", "SRB11 (1610 nm)", "SRB12 (2190 nm)",
        "SRB1 (443 nm)", "SRB9 (945 nm)",
    ]  # fmt: skip
    assert (told["sensor"], told["height"], told["width"], told["dtype"]) == ("sentinel2", 96, 108, "uint16")
    assert told["georeference"]["crs"] == "EPSG:32633"
    assert told["bands"][0]["mean"] == pytest.approx(sentinel2.pixels("B4", 10).mean())
    assert told["tags"]["NADIR_DIGITAL_NUMBERS"] == "product"
    assert server.leftovers() == []
    assert not any((server.work.parent / "temporary").iterdir())


def test_a_geotiff_of_a_product_at_a_url(server, archive):
    server.pages["/S2.zip"] = content(archive.read_bytes())
    server.pages["/moved"] = redirect("/S2.zip")
    arguments = {
        "sensor": "sentinel2", "url": f"http://127.0.0.1:{server.web_port}/moved", "region_pixels": "10,10,29,40",
        "copy_original_bands": "false", "targets_m": "20", "driver": "COG",
    }  # fmt: skip
    files = open_files(server.process)
    answer = server.post("predict", params=arguments, headers={"Accept": "image/tiff"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "image/tiff"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="S2_super_resolved.tif"'
    with rasterio.MemoryFile(answer.content) as memory, memory.open() as file:
        # Snapped outwards to whole pixels of the coarsest grid of the product that is used.
        assert (file.height, file.width, file.count) == (32, 20, 6)
        assert file.transform[:6] == (10, 0, sentinel2.LEFT + 100, 0, -10, sentinel2.TOP - 100)
        assert file.descriptions[0] == "SRB5 (705 nm)"
        assert np.ptp(file.read(1)) > 0
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert server.leftovers() == []
    assert open_files(server.process) == files


def open_files(process):
    """Regular files that are open in the server itself."""
    return [entry.path for entry in psutil.Process(process).open_files() if Path(entry.path).suffix != ".txt"]


def test_other_formats_and_what_lies_beside(server, archive):
    arguments = {"sensor": "sentinel2", "targets_m": "20", "driver": "npz", "region_pixels": "0,0,29,29"}
    with archive.open("rb") as file:
        answer = server.post(
            "predict", files={"data": file}, data=arguments, headers={"Accept": "application/zip"}
        )
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as inside:
        assert inside.namelist() == ["S2A_scene_super_resolved.npz"]
        arrays = np.load(io.BytesIO(inside.read(inside.namelist()[0])))
    assert {"B4", "SRB5"} <= set(arrays)
    assert arrays["B4"].shape == (30, 30)
    assert server.leftovers() == []


def wrong_zip(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members:
            archive.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "arguments", "sentence"),
    [
        (b"hello", {}, "a.zip: not recognised"),
        (wrong_zip("readme.txt"), {}, "found no product of Sentinel-2"),
        (wrong_zip("../../outside"), {}, "outside"),
        (None, {"region_pixels": "5000,5000,6000,6000"}, "region.pixels"),
        (None, {"region_pixels": "0,0,5,5"}, "192 m"),
        (None, {"region_lonlat": "1,2,3,4"}, "region.lonlat"),
    ],
)
def test_what_cannot_be_predicted_is_told_in_one_sentence(server, archive, data, arguments, sentence):
    sent = archive.read_bytes() if data is None else data
    answer = server.post(
        "predict", files={"data": ("a.zip", sent)}, data={"sensor": "sentinel2", **arguments}
    )
    assert answer.status_code == 400, answer.text
    told = answer.json()["message"]
    assert sentence in told
    assert str(server.work) not in told
    assert "/tmp" not in told
    assert "Traceback" not in answer.text
    assert server.leftovers() == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.2/x", "not a public address"),
        ("http://169.254.169.254/latest/meta-data", "not a public address"),
        ("http://[::1]/x", "not a public address"),
        ("http://127.0.0.1:22/x", "found port 22"),
    ],
)
def test_urls_of_our_own_network_are_refused(server, url, sentence):
    answer = server.post("predict", params={"sensor": "sentinel2", "url": url})
    assert answer.status_code == 400, answer.text
    assert sentence in answer.json()["message"]


def test_more_pixels_than_allowed(server, tmp_path):
    large = sentinel2.zipped(sentinel2.safe(tmp_path, side=40), tmp_path / "a.zip")
    with large.open("rb") as file:
        answer = server.post("predict", files={"data": file}, data={"sensor": "sentinel2"})
    assert answer.status_code == 400
    assert "240 x 252 pixels" in answer.json()["message"]

import json

import pytest

from errors import UserError
from products.download.checksum import told
from products.download.manifest import Manifest
from products.download.remote_item import RemoteItem, over_http
from products.download.transfer import Fetched


def test_what_is_there(tmp_path):
    item = over_http(
        "a/b.tif", "https://h/b.tif?token=SECRET", size=3, facts={"acquired": "2024", "cloud_cover": None}
    )
    manifest = Manifest(tmp_path)
    assert not manifest.has(item)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.tif").write_bytes(b"abc")
    manifest.add(item, Fetched(3, "0" * 64))
    manifest.close()
    text = (tmp_path / "downloads.json").read_text()
    assert "SECRET" not in text
    entry = json.loads(text)["files"][0]
    assert {key: entry[key] for key in ("name", "url", "size", "acquired")} == {
        "name": "a/b.tif", "url": "https://h/b.tif", "size": 3, "acquired": "2024",
    }  # fmt: skip
    assert "cloud_cover" not in entry
    assert Manifest(tmp_path).has(item)
    other = over_http("a/b.tif", "https://h/b.tif", checksum=told("md5", "0" * 32))
    assert not Manifest(tmp_path).has(other)
    assert not Manifest(tmp_path).has(over_http("a/b.tif", "https://h/c.tif"))
    (tmp_path / "a" / "b.tif").write_bytes(b"ab")
    assert not Manifest(tmp_path).has(item)


def test_folders_and_what_belongs_to_a_file(tmp_path):
    folder = RemoteItem("Etna_00", "u", lambda path, watch: Fetched(5, None))
    archive = RemoteItem("x.zip", "u", lambda path, watch: Fetched(0, None), also=("x",))
    manifest = Manifest(tmp_path)
    manifest.add(folder, Fetched(5, None))
    manifest.add(archive, Fetched(0, None))
    (tmp_path / "x.zip").touch()
    assert not manifest.has(folder)
    assert not manifest.has(archive)
    (tmp_path / "Etna_00").mkdir()
    (tmp_path / "x").mkdir()
    assert manifest.has(folder)
    assert manifest.has(archive)


def test_a_list_of_somebody_else(tmp_path):
    (tmp_path / "downloads.json").write_text("{}")
    with pytest.raises(UserError, match=r"downloads\.json: found no list of downloads"):
        Manifest(tmp_path)

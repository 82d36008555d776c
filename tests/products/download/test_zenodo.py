import hashlib
import io
import zipfile

import numpy as np
import pytest

from errors import UserError
from products.download import zenodo
from products.download.remote_item import Watch
from products.download.selection import Selection
from products.thraws_events import find_events

GRANULE = "S2A_OPER_MSI_L0__GR_EPAE_20180929T132957_S20180928T042450_D{:02d}_N02.06"


def member_bytes(name):
    return np.random.default_rng(len(name)).bytes(3000) + name.encode()


def archive(events, extra=()):
    """A zip archive of events, as the record's numbered ones: EVENT/GRANULE/files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for event in events:
            for detector in (4, 5):
                folder = f"{event}/{GRANULE.format(detector)}"
                for name in ("TIF/x_B02.tif", "TIF/x_B03.tif", "Inventory_Metadata.xml"):
                    out.writestr(f"{folder}/{name}", member_bytes(f"{event}{detector}{name}"))
        for name in extra:
            out.writestr(name, b"x")
    return file.getvalue()


@pytest.fixture
def record(server):
    """Zenodo's answers for a record of two numbered archives and a list."""
    files = {
        "1.zip": archive(["Etna_00", "Raung_10_NE"]),
        "2.zip": archive(["Greece_3"]),
        "L1C_files.json": b"{}",
    }
    for name, data in files.items():
        etag = f'"md5:{hashlib.md5(data).hexdigest()}"'
        server.put(f"/records/7908728/files/{name}", data, etag=etag)
    entries = [
        {"id": "0", "key": key, "size": len(data), "checksum": f"md5:{hashlib.md5(data).hexdigest()}",
         "links": {"self": server.url(f"/api/records/7908728/files/{key}/content")}}
        for key, data in files.items()
    ]  # fmt: skip
    server.pages["/api/records/7908728"] = lambda asked: {"id": 7908728, "files": entries}
    source = {
        "record": 7908728,
        "api": server.url("/api/records/{record}"),
        "file_url": server.url("/records/{record}/files/{name}"),
    }
    return source, entries, files


def watch(limits, seen=None):
    return Watch(10**9, lambda done, total: None if seen is None else seen.append((done, total)), limits)


def test_files_of_a_record(record, quick, tmp_path, server):
    source, _, files = record
    items = zenodo.find("thraws", source, Selection(), quick)
    assert [(item.name, item.size) for item in items] == [(key, len(data)) for key, data in files.items()]
    assert server.gets("/records/7908728/files/1.zip") == []
    item = zenodo.find("thraws", source, Selection(names=("2*",)), quick)[0]
    found = item.fetch(tmp_path / item.name, watch(quick))
    assert (tmp_path / "2.zip").read_bytes() == files["2.zip"]
    assert found.sha256 == hashlib.sha256(files["2.zip"]).hexdigest()
    assert str(item.checksum) == f"md5:{hashlib.md5(files['2.zip']).hexdigest()}"


def test_one_event_out_of_an_archive(record, quick, tmp_path, server):
    source, _, _ = record
    items = zenodo.find("thraws", source, Selection(events=("raung*",)), quick)
    assert [item.name for item in items] == ["Raung_10_NE"]
    assert items[0].facts == {"archive": "1.zip", "members": 6}
    assert not list(tmp_path.iterdir())
    seen = []
    items[0].fetch(tmp_path / "Raung_10_NE", watch(quick, seen))
    assert seen[-1] == (items[0].size, items[0].size)
    assert [path.name for path in tmp_path.iterdir()] == ["Raung_10_NE"]
    for path in (tmp_path / "Raung_10_NE").rglob("*.*"):
        if path.is_file():
            detector = path.relative_to(tmp_path / "Raung_10_NE").parts[0].split("_D")[1][:2]
            name = path.relative_to(tmp_path / "Raung_10_NE" / GRANULE.format(int(detector)))
            assert path.read_bytes() == member_bytes(f"Raung_10_NE{int(detector)}{name.as_posix()}")
    events = find_events(tmp_path)
    assert [(event.name, len(event.granules)) for event in events] == [("Raung_10_NE", 2)]
    assert all("Range" in one.headers for one in server.gets("/records/7908728/files/1.zip"))


def test_an_interrupted_event_keeps_its_members(record, quick, tmp_path, server):
    source, _, _ = record
    item = zenodo.find("thraws", source, Selection(events=("Etna_00",)), quick)[0]

    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        item.fetch(tmp_path / "Etna_00", Watch(10**9, interrupt, quick))
    kept = {
        path: path.stat().st_mtime_ns for path in (tmp_path / ".Etna_00.part").rglob("*") if path.is_file()
    }
    assert kept
    assert not (tmp_path / "Etna_00").exists()
    item.fetch(tmp_path / "Etna_00", watch(quick))
    for path, moment in kept.items():
        there = tmp_path / "Etna_00" / path.relative_to(tmp_path / ".Etna_00.part")
        assert there.stat().st_mtime_ns == moment
    assert len([path for path in (tmp_path / "Etna_00").rglob("*") if path.is_file()]) == 6


def test_an_event_that_is_there_is_completed(record, quick, tmp_path):
    source, _, _ = record
    item = zenodo.find("thraws", source, Selection(events=("Etna_00",)), quick)[0]
    (tmp_path / "Etna_00").mkdir()
    (tmp_path / "Etna_00" / "notes.txt").write_text("mine")
    item.fetch(tmp_path / "Etna_00", watch(quick))
    assert len([path for path in (tmp_path / "Etna_00").rglob("*") if path.is_file()]) == 7


def test_a_failing_server_amid_an_event(record, quick, tmp_path, server):
    source, _, _ = record
    item = zenodo.find("thraws", source, Selection(events=("Etna_00",)), quick)[0]
    server.files["/records/7908728/files/1.zip"].faults += ["503", "cut:100", "429", "cut:2000", "cut:40"]
    item.fetch(tmp_path / "Etna_00", watch(quick))
    assert len([path for path in (tmp_path / "Etna_00").rglob("*") if path.is_file()]) == 6


def test_archives_named_like_events_are_fetched_whole(server, quick):
    server.pages["/api"] = lambda asked: {"files": [{"key": "Etna_00.zip", "size": 7, "checksum": "md5:0"}]}
    source = {"record": 1, "api": server.url("/api"), "file_url": server.url("/{name}")}
    items = zenodo.find("thraws", source, Selection(events=("Etna_00",)), quick)
    assert [(item.name, item.size, item.checksum) for item in items] == [("Etna_00.zip", 7, None)]


def test_sentences(record, quick, tmp_path, server):
    source, entries, _ = record
    with pytest.raises(UserError, match="found no event 'Vesuvius', expected some of Etna_00, Greece_3"):
        zenodo.find("thraws", source, Selection(events=("Vesuvius",)), quick)
    with pytest.raises(UserError, match=r"found no file '9\.zip'"):
        zenodo.find("thraws", source, Selection(names=("9.zip",)), quick)
    with pytest.raises(UserError, match="count: source=thraws knows no such wish"):
        zenodo.find("thraws", source, Selection(count=3), quick)
    with pytest.raises(UserError, match="says 404"):
        zenodo.find("thraws", source | {"record": 1}, Selection(), quick)
    server.files["/records/7908728/files/1.zip"].ranges = False
    with pytest.raises(UserError, match="gives no parts of this file"):
        zenodo.find("thraws", source, Selection(events=("Etna_00",)), quick)
    for key in (
        "../evil",
        "/etc/passwd",
        "a/b",
        "..",
        ".bashrc",
        "downloads.json",
        "a\\b",
        "c:d",
        "",
        "x" * 300,
    ):
        entries[0]["key"] = key
        with pytest.raises(UserError, match="found the file name"):
            zenodo.find("thraws", source, Selection(), quick)
    server.pages["/api/records/7908728"] = lambda asked: {"message": "moved"}
    with pytest.raises(UserError, match="found no files"):
        zenodo.find("thraws", source, Selection(), quick)


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", f"E/{GRANULE.format(4)}/../../../evil"])
def test_members_stay_inside(record, quick, server, name):
    source, _, _ = record
    server.put("/records/7908728/files/1.zip", archive(["Etna_00"], [name]))
    with pytest.raises(UserError, match="outside"):
        zenodo.find("thraws", source, Selection(events=("Etna_00",)), quick)


def test_damaged_members_leave_no_event(record, quick, tmp_path, server):
    source, _, files = record
    data = bytearray(files["2.zip"])
    data[200:1200] = b"\0" * 1000
    server.put("/records/7908728/files/2.zip", bytes(data))
    item = zenodo.find("thraws", source, Selection(events=("Greece_3",), names=("2.zip",)), quick)[0]
    with pytest.raises(UserError, match="damaged bytes"):
        item.fetch(tmp_path / "Greece_3", watch(quick))
    assert not (tmp_path / "Greece_3").exists()

import io
import zipfile

import pytest

from errors import UserError
from products.download import named_archives
from products.download.manifest import Manifest
from products.download.remote_item import Watch
from products.download.selection import Selection


def archive(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, text in members.items():
            out.writestr(name, text)
    return file.getvalue()


@pytest.fixture
def source(server):
    return {"url": server.url("/aeon/{name}.zip"), "examples": ["Crop", "LSST"], "unpack": "*.ts"}


def test_an_archive_and_its_series(server, source, quick, tmp_path):
    data = archive({"Crop_TRAIN.ts": "@data 1", "in/Crop_TEST.ts": "@data 2", "Crop.txt": "about"})
    server.put("/aeon/Crop.zip", data)
    item = named_archives.find("ucr_series", source, Selection(names=("Crop",)), quick)[0]
    assert (item.name, item.size) == ("Crop.zip", len(data))
    assert server.gets("/aeon/Crop.zip") == []
    found = item.fetch(tmp_path / item.name, Watch(10**6, lambda done, total: None, quick))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "Crop", "Crop.zip", "Crop/Crop_TEST.ts", "Crop/Crop_TRAIN.ts",
    ]  # fmt: skip
    assert (tmp_path / "Crop" / "Crop_TEST.ts").read_text() == "@data 2"
    manifest = Manifest(tmp_path)
    manifest.add(item, found)
    assert manifest.has(item)
    for path in (tmp_path / "Crop").iterdir():
        path.unlink()
    (tmp_path / "Crop").rmdir()
    assert not manifest.has(item)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"Crop.arff": "x"}, r"found no \*\.ts"),
        ({"../Crop.ts": "x"}, "outside"),
        ({"a/.ts": "x"}, "file name"),
    ],
)
def test_archives_without_series_leave_nothing(server, source, quick, tmp_path, members, sentence):
    server.put("/aeon/Crop.zip", archive(members))
    item = named_archives.find("ucr_series", source, Selection(names=("Crop",)), quick)[0]
    with pytest.raises(UserError, match=sentence):
        item.fetch(tmp_path / "Crop.zip", Watch(10**6, lambda done, total: None, quick))
    assert not list(tmp_path.iterdir())


def test_sentences(server, source, quick, tmp_path):
    with pytest.raises(UserError, match=r"needs one, such as names=\[Crop,LSST\]"):
        named_archives.find("ucr_series", source, Selection(), quick)
    with pytest.raises(UserError, match="has no data set 'Corp', expected such as Crop, LSST"):
        named_archives.find("ucr_series", source, Selection(names=("Corp",)), quick)
    with pytest.raises(UserError, match="found the file name"):
        named_archives.find("ucr_series", source, Selection(names=("../x",)), quick)
    server.put("/aeon/Crop.zip", b"<html>")
    item = named_archives.find("ucr_series", source, Selection(names=("Crop",)), quick)[0]
    with pytest.raises(UserError, match="no sound zip archive"):
        item.fetch(tmp_path / "Crop.zip", Watch(10**6, lambda done, total: None, quick))
    assert not list(tmp_path.iterdir())

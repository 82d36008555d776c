"""Archives of training sets: equal files give equal bytes."""

import os
import zipfile

import pytest

from errors import UserError
from synthesis.clouds.archive import write_archive


def folder(path, age):
    for name in ("images/2.png", "images/1.png", "manifest.csv"):
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode() * 100)
        os.utime(file, (age, age))
    return path


def test_equal_files_give_equal_bytes_whenever_they_were_written(tmp_path):
    names = ["manifest.csv", "images/2.png", "images/1.png"]
    one, two = folder(tmp_path / "a", 1_000_000_000), folder(tmp_path / "b", 1_600_000_000)
    first, second = write_archive(one / "x.zip", one, names), write_archive(two / "x.zip", two, names[::-1])
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == ["images/1.png", "images/2.png", "manifest.csv"]
        assert archive.read("images/2.png") == b"images/2.png" * 100
        kinds = [member.compress_type for member in archive.infolist()]
    assert kinds == [zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


def test_nothing_half_written_stays(tmp_path):
    place = folder(tmp_path / "a", 1_000_000_000)
    with pytest.raises(UserError, match=r"x.zip cannot be written"):
        write_archive(place / "x.zip", place, ["images/1.png", "images/3.png"])
    assert sorted(path.name for path in place.iterdir()) == ["images", "manifest.csv"]

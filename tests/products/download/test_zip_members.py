import io
import zipfile

import pytest

from errors import UserError
from products.download.zip_members import Member, copy_out, directory_of, members_of


def packed(*entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for entry, data in entries:
            out.writestr(entry, data)
    return file


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


def test_members_are_copied_once(tmp_path):
    with directory_of(packed(("a/x.txt", b"x" * 10), ("a/b/", b""), ("y.txt", b"y")), "z") as archive:
        found = members_of(archive, "z")
        assert [parts for _, parts in found] == [("a", "x.txt"), ("y.txt",)]
        members = [Member(info, "/".join(parts)) for info, parts in found]
        told = []
        assert copy_out(archive, members, tmp_path, "z", 100, told.append) == 11
        assert (tmp_path / "a" / "x.txt").read_bytes() == b"x" * 10
        before = (tmp_path / "y.txt").stat().st_mtime_ns
        (tmp_path / "a" / "x.txt").write_bytes(b"z" * 10)
        copy_out(archive, members, tmp_path, "z", 100, told.append)
        assert (tmp_path / "a" / "x.txt").read_bytes() == b"x" * 10
        assert (tmp_path / "y.txt").stat().st_mtime_ns == before
        assert sum(told) == 22
        with pytest.raises(UserError, match="found more than 10 bytes"):
            copy_out(archive, members, tmp_path, "z", 10)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [("../a", "outside"), ("/a", "outside"), ("a\\..\\b", "outside"), (link("a"), "link or device")],
)
def test_members_that_are_refused(entry, sentence):
    with directory_of(packed((entry, b"x")), "z") as archive, pytest.raises(UserError, match=sentence):
        members_of(archive, "z")


def test_what_is_no_archive():
    with pytest.raises(UserError, match="z: found no sound zip archive"):
        directory_of(io.BytesIO(b"<html>"), "z")


def test_damaged_bytes_leave_no_file(tmp_path):
    file = packed(("a", b"abc" * 1000))
    data = bytearray(file.getvalue())
    data[32:40] = b"\xff" * 8
    with directory_of(io.BytesIO(bytes(data)), "z") as archive:
        members = [Member(info, "a") for info, _ in members_of(archive, "z")]
        with pytest.raises(UserError, match="z: found damaged bytes in 'a'"):
            copy_out(archive, members, tmp_path, "z", 10_000)
    assert not list(tmp_path.iterdir())

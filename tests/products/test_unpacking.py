import gc
import os

import pytest

from errors import UserError
from products.unpacking import UnpackedTree, first_names
from tests.fakes import sentinel2 as fakes


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "x"
    place.mkdir()
    (place / "a.xml").write_bytes(b"a" * 1000)
    (place / "b.bin").write_bytes(os.urandom(50_000))
    (place / "c.xml").write_bytes(b"c" * 1000)
    return place


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_what_is_needed_is_unpacked_and_removed(folder, tmp_path, temporary, mode):
    path = fakes.tarred(folder, tmp_path / "a.tar.gz", mode)
    assert list(first_names(path, 2)) == ["x", "x/a.xml"]
    tree = UnpackedTree(path, lambda name: name.endswith(".xml"))
    assert tree.names == ("x/a.xml", "x/c.xml")
    assert tree.document("x/c.xml") == b"c" * 1000
    assert tree.label("x/c.xml") == f"{path}/x/c.xml"
    assert list(temporary.iterdir()) == [tree.path]
    del tree
    gc.collect()
    assert not list(temporary.iterdir())


def test_only_the_process_that_unpacked_removes(folder, tmp_path):
    tree = UnpackedTree(fakes.tarred(folder, tmp_path / "a.tar.gz", "w:gz"), lambda name: True)
    child = os.fork()
    if not child:
        tree._removal()
        os._exit(0)
    os.waitpid(child, 0)
    assert tree.document("x/a.xml") == b"a" * 1000


def refused(path, temporary, message, **options):
    with pytest.raises(UserError, match=message):
        UnpackedTree(path, lambda name: True, **options)
    assert not list(temporary.iterdir())


def test_damaged_archives_leave_nothing(folder, tmp_path, temporary):
    path = fakes.tarred(folder, tmp_path / "a.tar.gz", "w:gz")
    fakes.cut(path, 0.5)
    refused(path, temporary, r"b\.bin: found damaged bytes .*, expected a whole member")
    fakes.cut(path, 30)
    refused(path, temporary, r"a\.tar\.gz: found a damaged archive")


def test_members_outside_leave_nothing(folder, tmp_path, temporary):
    plain = fakes.tarred(folder, tmp_path / "a.tar")
    fakes.add_tar_member(plain, "../evil")
    with fakes.tarfile.open(plain) as archive:
        members = archive.getnames()
    assert "../evil" in members
    path = tmp_path / "a.tar.gz"
    import gzip

    path.write_bytes(gzip.compress(plain.read_bytes()))
    refused(path, temporary, r"found the member '\.\./evil', which lies outside of it")
    assert not (tmp_path / "evil").exists()


def test_too_much_to_unpack(folder, tmp_path, temporary):
    path = fakes.tarred(folder, tmp_path / "a.tar.gz", "w:gz")
    refused(
        path, temporary, "found more than 51000 bytes to unpack, expected one product", limit_bytes=51_000
    )

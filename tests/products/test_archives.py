import gzip
import stat
import tarfile
import zipfile

import pytest
import rasterio

from errors import UserError
from products.archives import TarTree, ZipTree, archive_kind
from tests.fakes import sentinel2 as fakes

TEXT = b"some text that can be deflated, deflated, deflated"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "x"
    (place / "a").mkdir(parents=True)
    (place / "a" / "b.txt").write_bytes(TEXT)
    fakes.write_image(place / "i.jp2", fakes.pixels("B1", 60), 60)
    return place


def archive(folder, kind):
    name = folder.parent / "archive.bin"  # the suffix tells nothing
    if kind == "tar":
        return TarTree(fakes.tarred(folder, name))
    return ZipTree(
        fakes.zipped(
            folder, name, compression=zipfile.ZIP_DEFLATED if kind == "deflated" else zipfile.ZIP_STORED
        )
    )


@pytest.mark.parametrize("kind", ["stored", "deflated", "tar"])
def test_members_are_read_in_place(folder, kind):
    tree = archive(folder, kind)
    assert tree.names == ("x/a/b.txt", "x/i.jp2")
    assert (tree.size("x/a/b.txt"), tree.document("x/a/b.txt")) == (len(TEXT), TEXT)
    assert tree.head("x/a/b.txt", 4) == TEXT[:4]
    assert tree.tail("x/a/b.txt", 4) == (None if kind == "deflated" else TEXT[-4:])
    with rasterio.open(tree.raster_path("x/i.jp2"), driver="JP2OpenJPEG") as image:
        assert (image.read(1) == fakes.pixels("B1", 60)).all()


def test_kinds_go_by_content(folder, tmp_path):
    for kind, path in {
        "zip": fakes.zipped(folder, tmp_path / "a.tar"),
        "tar": fakes.tarred(folder, tmp_path / "a.zip"),
        "compressed tar": fakes.tarred(folder, tmp_path / "a", "w:xz"),
        None: folder / "i.jp2",
    }.items():
        assert archive_kind(path) == kind
    assert archive_kind(folder) is None


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "x/../../evil", "x\\..\\evil", "C:/evil"])
def test_members_outside_of_the_archive_refuse_it(folder, tmp_path, name):
    path = fakes.zipped(folder, tmp_path / "a.zip")
    fakes.add_zip_member(path, name)
    with pytest.raises(UserError, match=r"a\.zip: found the member .*evil', which lies outside of it"):
        ZipTree(path)
    path = fakes.tarred(folder, tmp_path / "a.tar")
    fakes.add_tar_member(path, name)
    with pytest.raises(UserError, match=r"a\.tar: found the member .*evil', which lies outside of it"):
        TarTree(path)


def test_links_and_devices_refuse_an_archive(folder, tmp_path):
    path = fakes.zipped(folder, tmp_path / "a.zip")
    fakes.add_zip_member(path, "x/link", b"/etc/passwd", stat.S_IFLNK | 0o777)
    with pytest.raises(UserError, match=r"found 'x/link', which is a link or device; expected files only"):
        ZipTree(path)
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
        path = fakes.tarred(folder, tmp_path / "a.tar")
        fakes.add_tar_member(path, "x/link", kind, "/etc/passwd")
        with pytest.raises(
            UserError, match=r"found 'x/link', which is a link or device; expected files only"
        ):
            TarTree(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_means_one_member(folder, tmp_path):
    path = fakes.zipped(folder, tmp_path / "a.zip")
    fakes.add_zip_member(path, "x/a/b.txt")
    with pytest.raises(UserError, match=r"found 'x/a/b.txt' twice, expected each member once"):
        ZipTree(path)
    path = fakes.tarred(folder, tmp_path / "a.tar")
    fakes.add_tar_member(path, "x/./a/b.txt")
    with pytest.raises(UserError, match=r"found 'x/a/b.txt' twice, expected each member once"):
        TarTree(path)


def test_encrypted_archives(folder, tmp_path):
    path = fakes.zipped(folder, tmp_path / "a.zip")
    fakes.encrypt_flag(path)
    with pytest.raises(UserError, match=r"found 'x/a/b.txt' encrypted, expected a readable archive"):
        ZipTree(path)


@pytest.mark.parametrize("keep", [0.3, 0.99])
def test_truncated_archives(folder, tmp_path, keep):
    path = fakes.zipped(folder, tmp_path / "a.zip")
    fakes.cut(path, keep)
    with pytest.raises(UserError, match=r"a\.zip: found a damaged zip archive .*, expected a whole one"):
        ZipTree(path)
    path = fakes.tarred(folder, tmp_path / "a.tar")
    fakes.cut(path, 2 * 512 + 300)
    with pytest.raises(
        UserError, match=r"a\.tar: found (the end amid|a damaged tar archive).*, expected a whole"
    ):
        TarTree(path)


def test_members_that_are_not_where_the_directory_says(folder, tmp_path):
    path = fakes.zipped(folder, tmp_path / "a.zip")
    data = path.read_bytes()
    path.write_bytes(data[:60] + data[100:])
    tree = ZipTree(path)
    with pytest.raises(UserError, match=r"i\.jp2: found no member where the directory says"):
        tree.raster_path("x/i.jp2")


def test_damaged_members(folder, tmp_path):
    path = fakes.zipped(folder, tmp_path / "a.zip")
    path.write_bytes(path.read_bytes().replace(TEXT, TEXT[::-1]))
    with pytest.raises(UserError, match=r"b\.txt: found damaged bytes \(Bad CRC-32"):
        ZipTree(path).document("x/a/b.txt")
    with pytest.raises(UserError, match=r"b\.txt: found damaged bytes \(Bad CRC-32"):
        ZipTree(path).verify("x/a/b.txt")
    ZipTree(path).verify("x/i.jp2")


def test_other_compression_methods(folder, tmp_path):
    tree = ZipTree(fakes.zipped(folder, tmp_path / "a.zip", compression=zipfile.ZIP_LZMA))
    with pytest.raises(UserError, match="found compression method 14, expected stored or deflated"):
        tree.raster_path("x/i.jp2")


def test_what_only_begins_like_an_archive(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UserError, match="damaged zip archive"):
        ZipTree(path)
    path.write_bytes(gzip.compress(b""))
    assert archive_kind(path) == "compressed tar"

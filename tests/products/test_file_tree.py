import pytest

from errors import UserError
from products import file_tree
from products.file_tree import FolderTree


def test_a_folder_as_a_tree(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.txt").write_bytes(b"0123456789")
    (tmp_path / "a").write_bytes(b"")
    tree = FolderTree(tmp_path)
    assert tree.names == ("a", "b/c.txt")
    assert (tree.size("b/c.txt"), tree.head("b/c.txt", 3), tree.tail("b/c.txt", 3)) == (10, b"012", b"789")
    assert tree.document("b/c.txt") == b"0123456789"
    assert tree.label("b/c.txt") == f"{tmp_path}/b/c.txt"
    before = tree.stamp("b/c.txt")
    (tmp_path / "b" / "c.txt").write_bytes(b"012345678")
    assert tree.stamp("b/c.txt") != before
    assert tree.raster_path("b/c.txt") == str(tmp_path / "b" / "c.txt")


def test_unreadable_and_huge_files(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"012345")
    tree = FolderTree(tmp_path)
    monkeypatch.setattr(file_tree, "MAX_DOCUMENT_BYTES", 5)
    with pytest.raises(UserError, match=r"/a: found more than 0 MB, expected a metadata file"):
        tree.document("a")
    (tmp_path / "a").unlink()
    for read in (lambda: tree.head("a", 1), lambda: tree.tail("a", 1), lambda: tree.size("a")):
        with pytest.raises(UserError, match=r"/a: found No such file or directory, expected a readable file"):
            read()


def test_a_folder_of_everything_is_no_product(tmp_path, monkeypatch):
    monkeypatch.setattr(file_tree, "MAX_FILES", 2)
    for name in "abc":
        (tmp_path / name).touch()
    with pytest.raises(UserError, match="found more than 2 files, expected one product"):
        FolderTree(tmp_path)

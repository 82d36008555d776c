import shutil
import zipfile
from pathlib import Path

import pytest

from errors import UserError
from products.file_tree import FolderTree
from products.landsat_files import file_tree, image_name, looks_like_landsat, metadata_name


def folder_of(path: Path, *names: str) -> FolderTree:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("GROUP = LANDSAT_METADATA_FILE")
    return FolderTree(path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a_MTL.txt"], True),
        (["sub/LC08_x_mtl.TXT"], True),
        (["LC08_x_MTL.json"], True),
        (["x_B1.TIF", "x_B8.tif"], True),
        (["x_B1.TIF", "x_B8.tif", "product.json"], False),
        (["x_B1.TIF", "red.tif"], False),
        (["a.txt", "MTL"], False),
    ],
)
def test_folders_are_recognised_by_what_is_in_them(tmp_path: Path, names, expected):
    folder_of(tmp_path, *names)
    assert looks_like_landsat(tmp_path) is expected


def test_archives_and_metadata_files_are_recognised(tmp_path: Path):
    folder_of(tmp_path / "p", "a_MTL.txt", "a_B1.TIF")
    archive = Path(shutil.make_archive(str(tmp_path / "a"), "gztar", tmp_path / "p")).rename(
        tmp_path / "download"
    )
    assert looks_like_landsat(archive)
    assert looks_like_landsat(tmp_path / "p" / "a_MTL.txt")
    assert not looks_like_landsat(tmp_path / "p" / "a_B1.TIF")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as other:
        other.writestr("letter.doc", "x")
    assert not looks_like_landsat(tmp_path / "b.zip")


def test_of_a_compressed_archive_only_the_sensors_files_are_unpacked(tmp_path: Path):
    folder_of(tmp_path / "p", "a_MTL.txt", "a_B1.TIF", "a_B2.TIF", "a_VAA.TIF", "a_BQA.tiff")
    archive = Path(shutil.make_archive(str(tmp_path / "a"), "gztar", tmp_path / "p"))
    tree = file_tree(archive, {"B1": "B1", "quality": "BQA"})
    assert set(tree.names) == {"a_B1.TIF", "a_MTL.txt", "a_BQA.tiff"}


def test_metadata_is_read_as_text_where_there_is_a_choice(tmp_path: Path):
    tree = folder_of(tmp_path, "a_MTL.xml", "a_MTL.txt", "a_MTL.json", "a_ANG.txt")
    assert metadata_name(tree, tmp_path) == "a_MTL.txt"
    assert metadata_name(tree, tmp_path / "a_MTL.xml") == "a_MTL.xml"


def test_no_metadata_and_several_are_told(tmp_path: Path):
    with pytest.raises(UserError, match=r"found no metadata, expected a file \*_MTL\.txt"):
        metadata_name(folder_of(tmp_path, "a_B1.TIF"), tmp_path)
    with pytest.raises(UserError, match=r"found 2 products \(a_MTL, b_MTL\), expected one"):
        metadata_name(folder_of(tmp_path, "a_MTL.txt", "b_MTL.txt"), tmp_path)


@pytest.mark.parametrize(
    ("stated", "suffix", "expected"),
    [
        ("LC8_B8.TIF", "B8", "LC8_B8.TIF"),
        ("renamed_B8.TIF", "B8", None),
        ("LC8_B1.TIF", "B1", "l8_b1.tif"),
        (None, "SR_B1", "x_SR_B1.TIF"),
        (None, "B10", "l8_B10.tiff"),
        ("x_B2.TIF", "B2", None),
    ],
)
def test_images_are_found_by_the_stated_name_then_by_their_ending(tmp_path: Path, stated, suffix, expected):
    names = [
        "LC8_B8.TIF",
        "other_B8.TIF",
        "l8_b1.tif",
        "x_SR_B1.TIF",
        "l8_B10.tiff",
        "x_SR_B2.TIF",
        "sub/x_B2.TIF",
    ]
    tree = folder_of(tmp_path, *names)
    if suffix == "B8" and expected is None:
        with pytest.raises(
            UserError, match=r"found LC8_B8\.TIF, other_B8\.TIF for B8, expected one file \*_B8\.TIF"
        ):
            image_name(tree, ".", stated, suffix)
    else:
        assert image_name(tree, ".", stated, suffix) == expected

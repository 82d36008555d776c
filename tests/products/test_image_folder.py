import pytest

from errors import UserError
from products.image_folder import ImageFolder, existing, find_images
from tests.fakes import images


def test_images_are_found_by_what_they_are(tmp_path):
    images.geotiff(tmp_path / "scene.raw", images.scene())  # an image by content
    (tmp_path / "b.png").write_text("not one")  # an image by name: broken, and to be told
    images.geotiff(tmp_path / "scene.tif.ovr", images.scene())
    images.jpeg(tmp_path / ".trash" / "a.jpg")
    images.jpeg(tmp_path / "__MACOSX" / "a.jpg")
    images.jpeg(tmp_path / "._a.jpg")
    images.jpeg(tmp_path / "B" / "deep" / "x.JPG")
    (tmp_path / "LICENSE").write_text("free")
    (tmp_path / "labels.csv").write_text("a,b")
    assert find_images(tmp_path) == ["B/deep/x.JPG", "b.png", "scene.raw"]


def test_linked_folders_are_followed_once(tmp_path):
    images.jpeg(tmp_path / "store" / "a.jpg")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "store")
    (tmp_path / "store" / "back").symlink_to(root)
    assert find_images(root) == ["link/a.jpg"]


def test_one_file(tmp_path):
    assert find_images(images.jpeg(tmp_path / "a.jpg")) == ["a.jpg"]


def test_a_missing_folder_has_a_similar_neighbour(tmp_path):
    (tmp_path / "rgb_aid150" / "dev").mkdir(parents=True)
    assert existing(tmp_path / "rgb_aid150") == tmp_path / "rgb_aid150"
    for wrong, right in (("rgb_aid150/dve", "rgb_aid150/dev"), ("rgb_adi150/dev", "rgb_aid150")):
        with pytest.raises(UserError, match=f"data.root=.*{wrong} does not exist; did you mean .*{right}\\?"):
            existing(tmp_path / wrong)
    with pytest.raises(UserError, match=r"does not exist$"):
        existing(tmp_path / "quite_another")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"on_error": "ignore"}, r"data\.on_error is 'ignore': expected raise or skip"),
        ({"test_on": "train"}, r"data\.test_on is 'train'"),
        ({"split_by": "tile"}, r"data\.split_by is 'tile'"),
        ({"patch_size": 0}, r"data\.patch_size is 0"),
        ({"test_patch_size": "whole"}, r"data\.test_patch_size is 'whole'"),
        ({"bands": (1, 1)}, r"data\.bands is \[1, 1\]"),
        ({"bands": ()}, r"data\.bands is \[\]"),
    ],
)
def test_impossible_values(values, message):
    with pytest.raises(UserError, match=message):
        ImageFolder(**({"root": ".", "patch_size": 8} | values))


def test_size_of_evaluation_windows():
    assert ImageFolder(root=".", patch_size=8).tile_size == 8
    assert ImageFolder(root=".", patch_size=8, test_patch_size=16).tile_size == 16
    assert ImageFolder(root=".", patch_size=8, test_patch_size="full").tile_size is None

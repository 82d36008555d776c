import pytest

from errors import UserError
from products.image_files import plan_images
from products.image_folder import ImageFolder
from tests.fakes import images


def split(root, **arguments):
    return plan_images(ImageFolder(**({"root": str(root), "patch_size": 32} | arguments))).split


def names(side):
    return [piece.name for piece in side]


def test_folders_named_after_sides(tmp_path):
    images.aid(tmp_path / "train", per_class=6)
    images.aid(tmp_path / "test", per_class=2)
    images.jpeg(tmp_path / "overview.jpg")
    found = split(tmp_path, val_fraction=0.2)
    assert len(names(found.test)) == 6
    assert all(name.startswith("test/") for name in names(found.test))
    assert (len(found.train), len(found.val)) == (14, 4)
    assert all(name.startswith("train/") for name in names(found.train + found.val))
    images.aid(tmp_path / "validation", per_class=1)
    found = split(tmp_path)
    assert (len(found.train), len(found.val), len(found.test)) == (18, 3, 6)


def test_training_folder_alone_gives_the_test_side_too(tmp_path):
    images.aid(tmp_path / "train", per_class=10)
    found = split(tmp_path, test_fraction=0.2, val_fraction=0.25)
    assert (len(found.train), len(found.val), len(found.test)) == (18, 6, 6)


def test_test_folder_alone(tmp_path):
    images.aid(tmp_path / "test")
    found = split(tmp_path)
    assert (len(found.train), len(found.val), len(found.test)) == (0, 0, 12)


def test_every_image_is_test(tmp_path):
    images.aid(tmp_path / "train")
    images.aid(tmp_path / "test", per_class=1)
    found = split(tmp_path, test_on="all")
    assert (len(found.train), len(found.val), len(found.test)) == (0, 0, 15)


def test_no_validation_and_no_test(tmp_path):
    images.aid(tmp_path)
    found = split(tmp_path, val_fraction=0, test_fraction=0)
    assert (len(found.train), len(found.val), len(found.test)) == (12, 0, 0)
    found = split(tmp_path, val_fraction=0)
    assert (len(found.train), len(found.val), len(found.test)) == (11, 0, 1)


def test_one_large_raster_is_split_by_blocks(tmp_path):
    path = images.geotiff(tmp_path / "scene.tif", images.scene(bands=4, height=200, width=220))
    assert split(path) == split(tmp_path)
    found = split(tmp_path)
    assert names(found.train) == names(found.val) == names(found.test) == ["scene.tif"]
    assert found.train[0].excluded
    everything = split(tmp_path, test_on="all")
    assert len(everything.test[0].windows) == 36
    full = split(tmp_path, test_on="all", test_patch_size="full")
    assert full.test[0].windows[0].width == 220


def test_a_raster_too_small_for_blocks(tmp_path):
    images.geotiff(tmp_path / "scene.tif", images.scene(bands=4, height=60, width=60))
    with pytest.raises(
        UserError, match=r"too large to divide scene\.tif \(60 x 60 pixels\).*possible patch is (\d+)"
    ):
        split(tmp_path, patch_size=48)
    assert split(tmp_path, patch_size=12, block_margin=4).train


def test_the_largest_patch_that_is_named_is_possible(tmp_path):
    images.geotiff(tmp_path / "scene.tif", images.scene(bands=1, height=90, width=120))
    with pytest.raises(UserError) as caught:
        split(tmp_path, patch_size=80)
    largest = int(str(caught.value).rsplit(maxsplit=1)[-1])
    assert split(tmp_path, patch_size=largest).train
    with pytest.raises(UserError):
        split(tmp_path, patch_size=largest + 1)


def test_a_few_small_images_are_split_by_file(tmp_path):
    for number in range(3):
        images.jpeg(tmp_path / f"{number}.jpg")
    found = split(tmp_path)
    assert [len(side) for side in (found.train, found.val, found.test)] == [1, 1, 1]
    assert len(split(tmp_path, split_by="block").train) > 1


def test_a_few_large_rasters_are_split_by_block_unless_told_otherwise(tmp_path):
    for number in range(4):
        images.geotiff(tmp_path / f"{number}.tif", images.scene(number, 1, 200, 200), origin=None)
    assert [len(side) for side in vars(split(tmp_path)).values()] == [2, 1, 1]
    assert len(split(tmp_path, large_image_pixels=40_000).train) == 4
    assert [
        len(side) for side in vars(split(tmp_path, large_image_pixels=40_000, split_by="file")).values()
    ] == [2, 1, 1]
    assert len(split(tmp_path, split_by="block").train) == 4


def test_dates_of_one_place_are_split_by_blocks(tmp_path):
    for number in range(6):
        images.geotiff(tmp_path / f"{number}.tif", images.scene(number, 1, 200, 200))
    found = split(tmp_path)
    assert len(found.train) == len(found.test) == 6
    assert len({piece.windows for piece in found.test}) == 1


def test_small_images_with_one_georeference_are_still_split(tmp_path, caplog):
    for number in range(6):
        images.geotiff(tmp_path / f"{number}.tif", images.scene(number, 1, 32, 32))
    found = split(tmp_path)
    assert [len(side) for side in (found.train, found.val, found.test)] == [4, 1, 1]
    assert "6 images lie in 1 places" in caplog.text


def test_too_few_images(tmp_path):
    for number in range(2):
        images.jpeg(tmp_path / f"{number}.jpg", height=40, width=40)
    with pytest.raises(UserError, match=r"2 images in .* cannot be divided into 3 sets"):
        split(tmp_path, split_by="file")

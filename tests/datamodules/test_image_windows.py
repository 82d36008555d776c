import numpy as np
import pytest

from datamodules.image_cache import CachedReader
from datamodules.image_windows import FixedWindows, RandomCrops, augment, sample
from products.image_split import Piece
from products.raster import read_info
from products.specification import ImageSpecification
from products.window import Window
from tests.fakes import images


@pytest.fixture
def made(tmp_path):
    pixels = images.scene(bands=2, height=60, width=80)
    infos = {"a.tif": read_info(images.geotiff(tmp_path / "a.tif", pixels))}
    common = {"reader": CachedReader(infos, [], 0, 0), "infos": infos, "patch_size": 16}
    return pixels, common | {"specification": ImageSpecification(("a", "b"), "uint8", (0, 255))}


def crops(common, *, augmentation="none", excluded=(), large_image_pixels=10**6, seed=0, satellite=0):
    return RandomCrops(
        pieces=[Piece("a.tif", excluded=tuple(excluded))], large_image_pixels=large_image_pixels,
        augmentation=augmentation, seed=seed, satellite=satellite, **common,
    )  # fmt: skip


def window_of(item):
    name, _, window = item["id"].partition("#")
    return name, Window(*map(int, window.split(",")))


def test_a_crop_is_what_its_id_says(made):
    pixels, common = made
    dataset = crops(common)
    windows = set()
    for draw in range(20):
        item = dataset[0, draw]
        name, window = window_of(item)
        assert name == "a.tif"
        expected = pixels[:, window.row : window.row + 16, window.column : window.column + 16]
        assert np.array_equal(common["specification"].denormalise(item["image"]), expected)
        assert item["valid"].shape == (1, 16, 16)
        windows.add(window)
    assert len(windows) > 15


def test_a_crop_is_a_function_of_seed_satellite_and_draw(made):
    _, common = made
    ids = [crops(common, seed=1)[0, 7]["id"], crops(common, seed=1)[0, 7]["id"]]
    assert ids[0] == ids[1]
    assert (
        len({ids[0], crops(common, seed=2)[0, 7]["id"], crops(common, seed=1, satellite=1)[0, 7]["id"]}) == 3
    )


def test_large_images_and_blocks_give_several_crops_an_epoch(made):
    _, common = made
    assert len(crops(common)) == 1
    assert len(crops(common, large_image_pixels=4800)) == 4800 // 256
    half = len(crops(common, excluded=[Window(0, 0, 60, 40)]))
    assert 1 < half < 10


@pytest.mark.parametrize(("augmentation", "variants"), [("none", 1), ("flips", 4), ("dihedral", 8)])
def test_augmentation_makes_all_its_variants_and_turns_the_mask_alike(augmentation, variants):
    pixels = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    valid = pixels[0] > 5
    found = set()
    for draw in range(100):
        turned, mask = augment(augmentation, np.random.default_rng(draw), pixels, valid)
        assert np.array_equal(mask, turned[0] > 5)
        assert np.array_equal(turned[1], turned[0] + 16)
        found.add(turned.tobytes())
    assert len(found) == variants


def test_void_pixels_are_zero():
    pixels = np.array([[[np.nan, 0.5], [-9999.0, 1.0]]], np.float32)
    valid = np.array([[False, True], [False, True]])
    item = sample(ImageSpecification(("a",), "float32", (0, 0.5)), pixels, valid, "a")
    assert item["image"].tolist() == [[[0, 1], [0, 2]]]
    assert item["image"].dtype == np.float32
    assert item["valid"].tolist() == [[[False, True], [False, True]]]


def test_fixed_windows(made):
    pixels, common = made
    pieces = [Piece("a.tif"), Piece("a.tif", (Window(0, 0, 60, 80),)), Piece("a.tif", (Window(1, 2, 3, 4),))]
    dataset = FixedWindows(pieces=pieces, **common)
    assert [dataset[index]["id"] for index in range(3)] == ["a.tif#22,32,16,16", "a.tif", "a.tif#1,2,3,4"]
    assert np.array_equal(common["specification"].denormalise(dataset[1]["image"]), pixels)

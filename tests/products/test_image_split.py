import numpy as np
import pytest

from products.image_split import (
    Piece,
    group_places,
    positions,
    side_sizes,
    split_by_block,
    split_by_file,
    whole_images,
)
from products.raster_header import RasterInfo
from products.window import Window

CRS = "PROJCS[...]"


def header(name, height=480, width=640, transform=None):
    return RasterInfo(
        path=name, driver="GTiff", height=height, width=width, dtype="uint8", indexes=(1,), band_names=("band_1",),
        crs=None if transform is None else CRS, transform=transform,
    )  # fmt: skip


def headers(*names, **arguments):
    return {name: header(name, **arguments) for name in names}


def class_folders(classes=5, per_class=10):
    return sorted(f"class_{c}/image_{i}.jpg" for c in range(classes) for i in range(per_class))


def by_file(names, seed=0, test=0.2, val=0.125):
    return split_by_file(group_places(names, {}), seed, test, val)


def test_split_by_file_is_stratified_disjoint_and_complete():
    names = class_folders()
    train, val, test = by_file(names)
    assert sorted(train + val + test) == names
    assert (len(train), len(val), len(test)) == (35, 5, 10)
    for side, expected in ((test, {2}), (val, {1}), (train, {7})):
        assert {sum(name.startswith(f"class_{c}/") for name in side) for c in range(5)} == expected


def test_small_classes_share_the_test_images():
    train, val, test = by_file(class_folders(classes=30, per_class=2), test=0.1, val=0.1)
    assert (len(train), len(val), len(test)) == (49, 5, 6)


def test_split_depends_on_seed_only():
    names = class_folders()
    assert by_file(names) == by_file(names)
    assert by_file(names, seed=1) != by_file(names, seed=0)


@pytest.mark.parametrize(
    ("count", "test", "val", "expected"),
    [
        (10, 0.1, 0.1, (1, 1)),
        (3, 0.1, 0.1, (1, 1)),
        (10, 0, 0, (0, 0)),
        (10, 1, 0.5, (10, 0)),
        (100, 0.25, 0.2, (25, 15)),
    ],
)
def test_sizes_of_sides(count, test, val, expected):
    assert side_sizes(count, test, val) == expected


def test_images_of_one_ground_stay_together():
    near = (10.0, 0, 330000.0, 0, -10.0, 5822040.0)
    coarse = (60.0, 0, 330000.0, 0, -60.0, 5822040.0)
    far = (10.0, 0, 400000.0, 0, -10.0, 5822040.0)
    infos = {
        "2017.tif": header("2017.tif", 480, 600, near), "2018.tif": header("2018.tif", 480, 600, near),
        "coarse.tif": header("coarse.tif", 80, 100, coarse), "far.tif": header("far.tif", 480, 600, far),
        "plain.png": header("plain.png", 480, 600),
    }  # fmt: skip
    places = group_places(sorted(infos), infos)
    assert [place.members for place in places] == [
        ["2017.tif", "2018.tif", "coarse.tif"],
        ["far.tif"],
        ["plain.png"],
    ]
    assert places[0].reference.height == 480
    for seed in range(5):
        sides = split_by_file(places, seed, 0.3, 0.3)
        assert sum({"2017.tif", "coarse.tif"} <= set(side) for side in sides) == 1


def painted(shape, windows):
    area = np.zeros(shape, bool)
    for row, column, height, width in windows:
        area[max(row, 0) : row + height, max(column, 0) : column + width] = True
    return area


def by_block(infos, seed=0, patch_size=64, **arguments):
    names = sorted(infos)
    options = {
        "test_fraction": 0.15,
        "val_fraction": 0.1,
        "tile_size": patch_size,
        "margin": 16,
        "blocks_per_side": 8,
    }
    places = group_places(names, infos)
    return split_by_block(places, infos, seed, patch_size=patch_size, **(options | arguments))


@pytest.mark.parametrize("seed", range(4))
def test_blocks_keep_their_distance(seed):
    infos = headers("a.tif", "b.tif")
    split = by_block(infos, seed)
    generator = np.random.default_rng(seed)
    assert split.train
    assert split.val
    assert split.test
    for piece in split.train:
        info = infos[piece.name]
        windows = [
            w
            for side in (split.val, split.test)
            for other in side
            if other.name == piece.name
            for w in other.windows
        ]
        kept = painted(
            (info.height, info.width), [Window(w[0] - 16, w[1] - 16, w[2] + 32, w[3] + 32) for w in windows]
        )
        crops = positions(piece, info, 64)
        drawn = painted(kept.shape, [crops.draw(generator) for _ in range(300)])
        assert not (drawn & kept).any()
        assert drawn.sum() > 0.4 * drawn.size
    evaluated = [
        (piece.name, window) for side in (split.val, split.test) for piece in side for window in piece.windows
    ]
    assert len(set(evaluated)) == len(evaluated)
    assert all(window.height == window.width == 64 for _, window in evaluated)


def test_blocks_depend_on_the_seed_and_cover_their_share():
    infos = headers("a.tif", height=1000, width=1000)
    splits = [by_block(infos, seed) for seed in range(3)]
    assert splits[0] == by_block(infos, 0)
    assert splits[0] != splits[1]
    for split in splits:
        share = (
            sum(window.height * window.width for piece in split.test for window in piece.windows) / 1000**2
        )
        assert 0.1 < share < 0.2


def test_a_block_is_the_same_ground_in_all_images_of_a_place():
    infos = {
        "fine.tif": header("fine.tif", 480, 600, (10.0, 0, 0.0, 0, -10.0, 0.0)),
        "half.tif": header("half.tif", 240, 300, (20.0, 0, 0.0, 0, -20.0, 0.0)),
    }
    split = by_block(infos, patch_size=32)
    areas = {
        piece.name: painted((infos[piece.name].height, infos[piece.name].width), piece.windows)
        for piece in split.test
    }
    fine = np.zeros((480, 600), bool)
    fine |= areas["half.tif"].repeat(2, 0).repeat(2, 1)
    assert (areas["fine.tif"] & fine).sum() == areas["fine.tif"].sum()


def test_whole_blocks_as_windows():
    split = by_block(headers("a.tif"), tile_size=None)
    assert {window.height for piece in split.test for window in piece.windows} == {64}
    larger = by_block(headers("a.tif"), tile_size=None, blocks_per_side=3)
    assert {window.height for piece in larger.test for window in piece.windows} == {192}


def test_too_small_for_blocks():
    assert by_block(headers("a.tif", height=100, width=100), patch_size=64) is None
    assert by_block(headers("a.tif", height=64, width=64), patch_size=64) is None


def test_whole_images_are_tiled():
    infos = headers("a.tif", height=100, width=70)
    assert whole_images(["a.tif"], infos, 32) == (
        Piece("a.tif", tuple(Window(row, column, 32, 32) for row in (2, 34, 66) for column in (3, 35))),
    )
    assert whole_images(["a.tif"], infos, None) == (Piece("a.tif", (Window(0, 0, 100, 70),)),)

import numpy as np
import pytest

from datamodules.segmentation_blocks import ClassProfiles
from datamodules.segmentation_split import SplitOptions, places_of, split_scenes
from errors import UserError
from tests.fakes.annotated_scenes import grid, key, scene

FRACTIONS = {"val": 0.15, "test": 0.15}


def options(kind="auto", fractions=FRACTIONS, **changed):
    return SplitOptions(
        **{"kind": kind, "fractions": fractions, "margin": 4, "block": 32, "seed": 0, **changed}
    )


def names(split, scenes):
    return {name: [scenes[part.scene].name for part in parts] for name, parts in split.parts.items()}


def tiles(count, dates=1, apart=20_000):
    return [
        scene(f"T{31 + tile}UAA_2021010{date}", own=grid(64, 64, west=500_000 + apart * tile),
              own_key=key(f"T{31 + tile}UAA", f"2021010{date}"))
        for tile in range(count) for date in range(1, dates + 1)
    ]  # fmt: skip


def test_whole_tiles_are_dealt_where_there_are_three():
    scenes = tiles(3, dates=2)
    split = split_scenes(scenes, options())
    found = names(split, scenes)
    assert split.kind == "tile" and [len(found[name]) for name in ("train", "val", "test")] == [2, 2, 2]
    owners = {name: {scenes[part.scene].key.tile for part in parts} for name, parts in split.parts.items()}
    assert not owners["train"] & (owners["val"] | owners["test"]) and not owners["val"] & owners["test"]
    assert "no ground" in split.note and "3 of them" in split.note


def test_scenes_of_unknown_place_count_as_places():
    scenes = [scene(f"chip_{number}") for number in range(10)]
    split = split_scenes(scenes, options())
    assert split.kind == "tile" and [len(split.parts[name]) for name in split.parts] == [6, 2, 2]


def test_neighbouring_tiles_overlap_and_what_they_share_trains_nobody():
    """Three tiles side by side, 64 pixels wide, each 10 pixels into the next."""
    scenes = tiles(3, apart=540)
    for seed in range(4):
        split = split_scenes(scenes, options(seed=seed))
        ground = {}
        for name, parts in split.parts.items():
            image = np.zeros(200, bool)
            for part in parts:
                for area in part.areas:
                    assert area.height == 64
                    image[54 * part.scene + area.column : 54 * part.scene + area.right] = True
            ground[name] = image
        assert not (ground["train"] & (ground["val"] | ground["test"])).any()
        assert not (ground["val"] & ground["test"]).any()
        assert ground["test"].sum() == 64 and "cut out" in split.note


def test_dates_of_one_tile():
    scenes = tiles(1, dates=4)
    split = split_scenes(scenes, options())
    assert split.kind == "date" and [len(split.parts[name]) for name in split.parts] == [2, 1, 1]
    assert all(part.areas == (scenes[0].window,) for parts in split.parts.values() for part in parts)
    assert "at other dates" in split.note


def test_two_acquisitions_of_one_day_stay_together():
    scenes = tiles(1, dates=3) + tiles(1, dates=3)
    split = split_scenes(scenes, options())
    for parts in split.parts.values():
        assert len(parts) == 2 and parts[0].scene % 3 == parts[1].scene % 3


def test_two_scenes_of_one_place_are_cut_alike():
    scenes = tiles(1, dates=2)
    split = split_scenes(scenes, options())
    assert split.kind == "blocks" and split.places == (0, 0)
    for parts in split.parts.values():
        assert len(parts) == 2 and parts[0].areas == parts[1].areas


def test_a_scene_of_the_same_ground_on_another_grid_trains_outside_of_the_blocks():
    scenes = [
        scene("a", 64, 64, own=grid(64, 64)),
        scene("b", 40, 40, own=grid(40, 40, pixel=20, west=499_900)),
    ]
    assert places_of(scenes) == [0, 0]
    split = split_scenes(scenes, options())
    ground = {
        name: np.zeros((1000, 1000), bool) for name in split.parts
    }  # metres / 10 from 499 000, 5 001 000
    corners, pixels = [(100, 100), (100, 90)], [1, 2]
    for name, parts in split.parts.items():
        for part in parts:
            row, column = corners[part.scene]
            for area in part.areas:
                size = pixels[part.scene]
                ground[name][row + size * area.row : row + size * area.bottom,
                             column + size * area.column : column + size * area.right] = True  # fmt: skip
    assert not (ground["train"] & (ground["val"] | ground["test"])).any()
    assert {part.scene for part in split.parts["train"]} == {0, 1}
    assert {part.scene for part in split.parts["test"]} == {0}


def test_classes_guide_the_blocks():
    scenes = [scene("one", 200, 200)]
    columns = np.zeros((200, 2), int)
    columns[:, 0], columns[:30, 1] = 200, 200
    profile = ClassProfiles(np.tile([170, 30], (200, 1)), columns)
    split = split_scenes(scenes, options(), lambda number: profile)
    assert all(area.width == 200 for parts in split.parts.values() for part in parts for area in part.areas)


def test_asked_kinds():
    scenes = tiles(2, dates=3)
    assert split_scenes(scenes, options("blocks")).kind == "blocks"
    by_scene = split_scenes(scenes, options("scene"))
    assert by_scene.kind == "scene" and [len(by_scene.parts[name]) for name in by_scene.parts] == [4, 1, 1]
    assert split_scenes(scenes, options("tile", {"test": 0.2})).kind == "tile"
    with pytest.raises(UserError, match=r"data.split=tile: found 2 tiles, expected at least 3"):
        split_scenes(scenes, options("tile"))
    with pytest.raises(UserError, match=r"data.split=date: nothing tells the date of chip.tif"):
        split_scenes([scene("chip")], options("date"))


def test_everything_is_test_or_training():
    scenes = tiles(2)
    everything = split_scenes(scenes, options(fractions={"test": 1.0}))
    assert [len(everything.parts[name]) for name in ("train", "val", "test")] == [0, 0, 2]
    assert [
        len(split_scenes(scenes, options(fractions={})).parts[name]) for name in ("train", "val", "test")
    ] == [2, 0, 0]


def test_the_same_ground_everywhere_leaves_nothing_to_train_on():
    scenes = [scene(f"s{number}", own=grid(64, 64)) for number in range(3)]
    with pytest.raises(UserError, match=r"data.split=scene: .* nothing is left to train on"):
        split_scenes(scenes, options("scene"))

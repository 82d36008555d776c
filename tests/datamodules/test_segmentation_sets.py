import numpy as np
import pytest

from datamodules.segmentation_augmentation import Augmentation
from datamodules.segmentation_classes import class_cells
from datamodules.segmentation_reading import AnnotatedScenes, Edit
from datamodules.segmentation_sampling import WindowSampling
from datamodules.segmentation_sets import FixedWindows, TrainingWindows
from datamodules.segmentation_windows import Area, WindowGrid
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, ArrayMask, quarters, scene

AREAS = [Area(0, Window(0, 0, 40, 64)), Area(1, Window(10, 10, 12, 40))]


def shelf(*masks, **options):
    masks = masks or (quarters(), quarters())
    return AnnotatedScenes([scene("a"), scene("b")], [ArrayMask(mask) for mask in masks], **options)


def training(scenes=None, areas=AREAS, kind="none", least=0.0, **options):
    sampling = WindowSampling(areas, 16, **options.pop("sampling", {}))
    return TrainingWindows(
        scenes or shelf(),
        sampling,
        augmentation=Augmentation(kind),
        min_valid_fraction=least,
        seed=5,
        **options,
    )


def test_a_sample_holds_what_its_id_says():
    data = training()
    for draw in range(len(data)):
        made = data[draw, draw]
        name, _, place = made["id"].partition("#")
        window = Window(*map(int, place.split(",")))
        assert (
            made["scene"] == name and made["image"].shape == (2, 16, 16) and made["image"].dtype == np.float32
        )
        assert (
            made["mask"].dtype == np.int64
            and made["mask"].shape == (16, 16)
            and made["valid"].shape == (1, 16, 16)
        )
        inside = (slice(0, window.height), slice(0, window.width))
        assert made["image"][0][inside][0, 0] == 1000 + 100 * window.row + window.column
        np.testing.assert_array_equal(
            made["mask"][inside], quarters()[window.row : window.bottom, window.column : window.right]
        )
        assert made["valid"][0][inside].all() and made["valid"].sum() == window.height * window.width
        assert (made["mask"][~made["valid"][0]] == 255).all() and not made["image"][
            :, ~made["valid"][0]
        ].any()
        if name == "b":
            assert window.height == 12 and not made["valid"][0, 12:].any()  # smaller than a patch


def test_a_sample_is_a_function_of_seed_satellite_and_draw():
    one, other, third = (
        training(kind="dihedral"),
        training(kind="dihedral"),
        training(kind="dihedral", satellite=1),
    )
    assert all(one[0, draw]["id"] == other[0, draw]["id"] for draw in range(8))
    assert any(one[0, draw]["id"] != third[0, draw]["id"] for draw in range(8))
    assert len({one[0, draw]["id"] for draw in range(8)}) > 1


def test_windows_with_enough_labels_are_preferred_and_images_read_once():
    mask = np.full((64, 64), 255, np.uint8)
    mask[:, 48:] = 1
    data = training(shelf(mask, mask), [Area(0, Window(0, 0, 64, 64))], least=0.5)
    scenes, read, reads = data.scenes, data.scenes.scenes[0].read, []
    scenes.scenes[0].read = lambda window: reads.append(window) or read(window)
    shares = [(data[0, draw]["mask"] != 255).mean() for draw in range(20)]
    assert np.mean(np.array(shares) >= 0.5) > 0.7 and len(reads) == 20


def test_nothing_known_anywhere_is_still_a_sample():
    mask = np.full((64, 64), 255, np.uint8)
    made = training(shelf(mask, mask), least=0.5)[0, 0]
    assert (made["mask"] == 255).all() and made["valid"].any()


def test_edits_replace_the_mask():
    edits = [(Edit(Window(0, 0, 40, 64), np.full((40, 64), 3, np.uint8)),), ()]
    made = training(areas=AREAS[:1], edits=edits)[0, 0]
    assert (made["mask"] == 3).all()


def test_labels_for_satellites():
    data = training(places=[0, 0])
    assert data.labels("place") == data.labels("unit") and len(set(data.labels("unit"))) == 2
    assert data.labels("class") is None and data.labels("else") is None
    areas = [Area(0, Window(0, 0, 40, 30)), Area(1, Window(40, 40, 20, 20))]
    cells = class_cells(shelf().masks, areas, CLOUDS, 16)
    assert set(training(areas=areas, sampling={"cells": cells}).labels("class")) == {"0", "3"}
    same = [Area(0, Window(0, 0, 16, 16)), Area(1, Window(0, 0, 16, 16))]
    assert len(set(training(areas=same, places=[0, 0]).labels("unit"))) == 1  # one ground at two dates
    assert len(set(training(areas=same, places=[0, 1]).labels("unit"))) == 2


@pytest.mark.parametrize("size", [16, 64])
def test_evaluation_covers_each_pixel_once(size):
    data = FixedWindows(shelf(), AREAS, WindowGrid(AREAS, size), size=(min(size, 40), size))
    counts = {"a": np.zeros((64, 64), int), "b": np.zeros((64, 64), int)}
    for index in range(len(data)):
        made = data[index]
        assert made["id"] == data.id(index) and made["image"].shape == (2, min(size, 40), size)
        row, column, height, width = map(int, made["id"].partition("#")[2].split(","))
        assert made["valid"].sum() == height * width == (made["mask"] != 255).sum()
        counts[made["scene"]][row : row + height, column : column + width] += 1
    for (_, window), name in zip(AREAS, "ab", strict=True):
        assert counts[name].sum() == window.height * window.width
        assert (counts[name][window.inside(Window(0, 0, 64, 64))] == 1).all()

import pickle

import numpy as np
import pytest

from datamodules import segmentation_reading
from datamodules.segmentation_reading import AnnotatedScenes, Edit, edited, fitting
from datamodules.segmentation_windows import Area
from products.window import Window
from tests.fakes.annotated_scenes import ArrayMask, quarters, scene


def shelf(count=3, **options):
    return AnnotatedScenes(
        [scene(f"s{n}") for n in range(count)], [ArrayMask(quarters()) for _ in range(count)], **options
    )


def test_a_window_and_its_mask():
    scenes = shelf()
    window = Window(30, 30, 4, 6)
    patch = scenes.read(Area(1, Window(0, 0, 64, 64)), window)
    assert patch.image.shape == (2, 4, 6) and patch.image[1, 0, 0] == 2000 + 3000 + 30
    np.testing.assert_array_equal(patch.mask, quarters()[30:34, 30:36])
    assert scenes.scenes[1].seen.sum() == 24 and not scenes.scenes[0].seen.any()


def test_no_data_has_no_class():
    scenes = shelf()
    scenes.scenes[0].known[:8] = False
    patch = scenes.read(Area(0, Window(0, 0, 64, 64)), Window(4, 0, 8, 8))
    assert (patch.mask[:4] == 255).all() and (patch.mask[4:] == 0).all() and not patch.image[:, :4].any()
    np.testing.assert_array_equal(
        scenes.mask(Area(0, Window(0, 0, 64, 64)), Window(4, 0, 8, 8)), np.zeros((8, 8))
    )


@pytest.mark.parametrize("strip", [5, 256])
def test_areas_that_are_kept_are_decoded_once_and_nothing_beside_them_is_read(monkeypatch, strip):
    monkeypatch.setattr(segmentation_reading, "STRIP", strip)
    area = Area(0, Window(8, 0, 16, 64))
    scenes = shelf(kept=[area])
    first = scenes.read(area, Window(10, 10, 4, 4))
    assert scenes.scenes[0].seen.sum() == 16 * 64 and scenes.scenes[0].seen[8:24].all()
    assert first.image[0, 0, 0] == 1000 + 1000 + 10
    scenes.scenes[0].pixels[:] = 0
    again = scenes.read(area, Window(10, 10, 4, 4))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.mask, again.mask)


def test_all_areas_are_kept_or_none():
    areas = [Area(number, Window(0, 0, 16, 16)) for number in range(3)]
    scenes, size = shelf().scenes, 16 * 16 * (2 * 4 + 2)
    assert fitting(areas, scenes, 3 * size) == set(areas) and fitting(areas, scenes, 3 * size - 1) == set()
    assert fitting([areas[0]] * 5, scenes, size) == {areas[0]}


def test_few_files_are_open():
    scenes = shelf(4, open_scenes=2)
    for number in (0, 1, 0, 2, 3):
        scenes.read(Area(number, Window(0, 0, 64, 64)), Window(0, 0, 2, 2))
    assert [each.closed for each in scenes.scenes] == [1, 1, 0, 0]


def test_later_edits_hold_and_masks_stay_as_they_are():
    mask = quarters(8, 8)
    edits = [
        Edit(Window(2, 2, 4, 4), np.full((4, 4), 3, np.uint8)),
        Edit(Window(4, 4, 8, 8), np.full((8, 8), 255, np.uint8)),
    ]
    found = edited(mask, Window(0, 0, 8, 8), edits)
    assert found[2, 2] == 3 and found[5, 5] == 255 and found[7, 7] == 255 and found[0, 0] == 0
    np.testing.assert_array_equal(mask, quarters(8, 8))
    assert (
        edited(mask[:2], Window(0, 0, 2, 8), edits) is not None
        and not (edited(mask[:2], Window(0, 0, 2, 8), edits) == 3).any()
    )
    window = Window(3, 1, 3, 3)
    np.testing.assert_array_equal(edited(mask[3:6, 1:4], window, edits), found[3:6, 1:4])


def test_pickled_without_what_it_holds():
    scenes = shelf(kept=[Area(0, Window(0, 0, 64, 64))])
    scenes.read(Area(0, Window(0, 0, 64, 64)), Window(0, 0, 2, 2))
    other = pickle.loads(pickle.dumps(scenes))
    assert not other._decoded and not other._open
    assert other.read(Area(0, Window(0, 0, 64, 64)), Window(1, 1, 2, 2)).image[0, 0, 0] == 1101

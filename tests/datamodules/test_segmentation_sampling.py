import numpy as np
import pytest

from datamodules.segmentation_classes import class_cells
from datamodules.segmentation_sampling import ANY, WindowSampling
from datamodules.segmentation_windows import Area
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, ArrayMask

AREAS = [Area(0, Window(0, 0, 64, 64)), Area(0, Window(0, 64, 32, 32)), Area(1, Window(0, 0, 10, 10))]


def test_evenly_over_the_ground():
    sampling = WindowSampling(AREAS, 16)
    assert np.bincount(sampling.area).tolist() == [16, 4, 1] and set(sampling.label) == {ANY}
    generator = np.random.default_rng(0)
    for entry in sampling:
        window = sampling.draw(entry, generator)
        assert window == window.clip(64, 96) and window.height == (10 if entry.area == 2 else 16)


def test_so_many_of_each_scene_and_at_least_so_many_in_all():
    assert np.bincount(WindowSampling(AREAS, 16, per_scene=10).area).tolist() == [8, 2, 10]
    assert np.bincount(WindowSampling(AREAS, 16, least=22).area).tolist() == [32, 8, 2]


def masks():
    first, second = np.zeros((64, 96), np.uint8), np.full((10, 10), 1, np.uint8)
    first[40:44, 8:12], first[10:14, 70:74] = 2, 2
    return [ArrayMask(first), ArrayMask(second)]


def test_every_class_as_often():
    cells = class_cells(masks(), AREAS, CLOUDS, 16)
    sampling = WindowSampling(AREAS, 16, cells=cells, by_class=True)
    assert np.bincount(sampling.label).tolist() == [7, 7, 7] and len(sampling) == 21
    assert set(sampling.area[sampling.label == 1]) == {2} and set(sampling.area[sampling.label == 2]) == {
        0,
        1,
    }
    generator, indices = np.random.default_rng(0), masks()[0].indices
    for entry in sampling:
        if entry.label == 2:
            for _ in range(20):
                window = sampling.draw(entry, generator)
                assert (indices[window.row : window.bottom, window.column : window.right] == 2).any()


def test_nothing_labelled_is_drawn_evenly():
    empty = [ArrayMask(np.full((64, 96), 255)), ArrayMask(np.full((10, 10), 255))]
    sampling = WindowSampling(AREAS, 16, cells=class_cells(empty, AREAS, CLOUDS, 16), by_class=True)
    assert len(sampling) == 21 and set(sampling.label) == {ANY}


@pytest.mark.parametrize("seed", range(3))
def test_a_draw_is_a_function_of_its_generator(seed):
    sampling = WindowSampling(AREAS, 16, cells=class_cells(masks(), AREAS, CLOUDS, 16), by_class=True)
    one, other = (sampling.draw(sampling[3], np.random.default_rng(seed)) for _ in range(2))
    assert one == other

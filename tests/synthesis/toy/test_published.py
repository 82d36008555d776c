"""The published imagery: facts measured on the original generator's products, seeds 1 to 3."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from synthesis.toy.published import make_published_scene, published_followed_series
from synthesis.toy.settings import LatentSettings
from synthesis.toy.time_series import SeriesPool, load_pool

Published = Callable[..., LatentSettings]

LABELS = {
    1: [1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 2, 1, 2],
    2: [1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 2, 1, 2],
    3: [2, 2, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 2, 1, 2, 2],
}
AREAS = {
    1: [0.0134, 0.0158, 0.0259, 0.0279, 0.0343, 0.0353, 0.0386, 0.0397, 0.0412, 0.0551, 0.0557, 0.0595, 0.069,
        0.0959, 0.1708, 0.192],
    2: [0.0075, 0.0153, 0.0233, 0.0271, 0.0286, 0.0338, 0.0364, 0.0371, 0.0473, 0.0492, 0.057, 0.0655, 0.0889,
        0.1273, 0.1525, 0.1756],
    3: [0.0044, 0.0255, 0.0323, 0.0412, 0.0459, 0.0469, 0.0513, 0.0538, 0.0568, 0.0665, 0.0671, 0.0681, 0.0707,
        0.0815, 0.0834, 0.1749],
}  # fmt: skip
BACKGROUND = {1: 0.0299, 2: 0.0276, 3: 0.0298}
# sha256 of the bytes of the original's annotation of seed 1, (256, 337, 2) int16.
ANNOTATION_OF_SEED_1 = "013b7510fedb3fc13ceb4bfeeea145d7263db51e44e120e81d86d48ad66faf38"
# Pixels of the original's optical frame 5 of seed 1: (row, column): values.
FRAME_5_OF_SEED_1 = {
    (40, 10): [0.973470009334346, 0.3810264364136075, 0.04283768955200684],
    (120, 60): [0.69458408719214, 1.0186082597012684, 0.21562785055691192],
    (128, 168): [0.46213036984256634, 0.4023654243392805, 0.10161754308162041],
    (200, 300): [0.29047735692386834, 0.5430356059446737, 0.7610295113589038],
    (30, 250): [0.8369075214365267, 0.14574598940647054, 0.9545806748860923],
    (230, 100): [0.04681161954937435, 0.1445625766627519, 0.2483953419304391],
    (0, 0): [0.0, 0.0, 0.0],
}
# Mean and standard deviation per band, minimum and maximum over the 30 frames.
STATISTICS: dict[tuple[str, int], Any] = {
    ("RacketSports", 1): ([0.5467, 0.49, 0.4737], [0.3473, 0.3389, 0.3463], [-0.4988, 1.4977]),
    ("RacketSports", 2): ([0.5303, 0.4865, 0.4583], [0.3445, 0.3406, 0.3422], [-0.4866, 1.4952]),
    ("RacketSports", 3): ([0.5207, 0.4816, 0.4569], [0.3503, 0.3402, 0.3402], [-0.4955, 1.491]),
    ("Epilepsy", 1): ([0.4421, 0.4431, 0.401], [0.3465, 0.3585, 0.3425], [-0.4802, 1.493]),
    ("Epilepsy", 2): ([0.4881, 0.4512, 0.4576], [0.3445, 0.3624, 0.335], [-0.4976, 1.4453]),
    ("Epilepsy", 3): ([0.481, 0.4755, 0.4317], [0.3393, 0.3591, 0.3402], [-0.3931, 1.4996]),
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_labels_areas_and_background(published: Published, seed: int) -> None:
    annotation = make_published_scene(published(seed, num_frames=1), None).annotation
    cells, classes = annotation[..., 0], annotation[..., 1]
    areas = np.bincount(cells.ravel(), minlength=17) / cells.size
    np.testing.assert_allclose(np.sort(areas[1:]), AREAS[seed], atol=5.1e-5)
    assert areas[0] == pytest.approx(BACKGROUND[seed], abs=5.1e-5)
    assert [classes[cells == cell][0] for cell in range(1, 17)] == LABELS[seed]


def test_the_annotation_equals_the_originals_pixel_by_pixel(published: Published) -> None:
    annotation = make_published_scene(published(1, num_frames=1), None).annotation
    assert annotation.dtype == np.int16
    assert annotation.shape == (256, 337, 2)
    assert hashlib.sha256(np.ascontiguousarray(annotation).tobytes()).hexdigest() == ANNOTATION_OF_SEED_1


@pytest.mark.real
@pytest.mark.parametrize(("name", "seed"), list(STATISTICS))
def test_frames_equal_the_originals(real_data: Path, published: Published, name: str, seed: int) -> None:
    files = tuple(str(real_data / "time_series" / name / f"{name}_{part}.ts") for part in ("TRAIN", "TEST"))
    settings = published(seed, time_series=files)
    scene = make_published_scene(settings, load_pool(files, 3, 2, settings.series_scaling))
    frames = np.stack([scene.frame(index) for index in range(30)])
    assert frames.dtype == np.float64
    mean, std, extremes = STATISTICS[name, seed]
    np.testing.assert_allclose(frames.mean(axis=(0, 1, 2)), mean, atol=5.1e-5)
    np.testing.assert_allclose(frames.std(axis=(0, 1, 2)), std, atol=5.1e-5)
    np.testing.assert_allclose([frames.min(), frames.max()], extremes, atol=5.1e-5)
    if (name, seed) == ("RacketSports", 1):
        for (row, column), values in FRAME_5_OF_SEED_1.items():
            np.testing.assert_allclose(frames[5, row, column], values, atol=1e-5)


def test_smooth_texture_has_the_same_map_and_chosen_series(published: Published) -> None:
    legacy = make_published_scene(published(2, num_frames=2), None)
    smooth = make_published_scene(published(2, num_frames=2, texture="smooth"), None)
    np.testing.assert_array_equal(legacy.annotation, smooth.annotation)
    np.testing.assert_array_equal(legacy.series, smooth.series)
    assert not np.array_equal(legacy.texture, smooth.texture)


def test_seed_zero_is_a_seed_and_global_state_is_left_alone(published: Published) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = make_published_scene(published(0, num_frames=1), None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.random(3)  # noqa: NPY002
    again = make_published_scene(published(0, num_frames=1), None)
    np.testing.assert_array_equal(first.frame(0), again.frame(0))


def test_followed_series_are_those_of_the_scene(published: Published) -> None:
    values = np.arange(40.0).reshape(40, 1, 1) + np.zeros((40, 2, 3))
    pool = SeriesPool(values, np.arange(40) % 2 + 1)
    settings = published(2, num_frames=2, time_series=("x.ts",))
    scene = make_published_scene(settings, pool)
    np.testing.assert_array_equal(scene.series[0, 1:, 0], published_followed_series(settings, pool))


def test_variants_of_the_phenology_model_have_textures_of_their_own(published: Published) -> None:
    first, second = (make_published_scene(published(2, num_frames=2), None, variant) for variant in (0, 1))
    np.testing.assert_array_equal(first.annotation, second.annotation)
    inside = first.annotation[..., 0] > 0
    assert abs(np.corrcoef(first.texture[inside].ravel(), second.texture[inside].ravel())[0, 1]) < 0.1


def test_the_number_of_threads_changes_nothing(published: Published) -> None:
    textures = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            textures.append(make_published_scene(published(1, num_frames=1), None).texture)
    np.testing.assert_array_equal(*textures)

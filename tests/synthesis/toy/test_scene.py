from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synthesis.toy.scene import followed_series, make_scene
from synthesis.toy.settings import LatentSettings
from synthesis.toy.time_series import SeriesPool, load_pool

Settings = Callable[..., LatentSettings]


def test_shapes_types_and_numbers(settings: Settings) -> None:
    scene = make_scene(settings(num_bands=5), None)
    assert scene.annotation.shape == (40, 48, 2)
    assert scene.annotation.dtype == np.int16
    assert set(np.unique(scene.annotation[..., 0])) == set(range(7))
    assert set(np.unique(scene.annotation[..., 1])) <= {0, 1, 2}
    frame = scene.frame(3)
    assert frame.shape == (40, 48, 5)
    assert frame.dtype == np.float32
    assert -0.5 <= frame.min() < frame.max() <= 1.5


def test_a_cell_has_one_class_and_background_none(settings: Settings) -> None:
    annotation = make_scene(settings(), None).annotation
    for cell in range(1, 7):
        assert len(np.unique(annotation[annotation[..., 0] == cell, 1])) == 1
    np.testing.assert_array_equal(annotation[..., 0] == 0, annotation[..., 1] == 0)


def test_a_frame_is_series_plus_static_texture(settings: Settings) -> None:
    scene = make_scene(settings(background=0.25), None)
    cells = scene.annotation[..., 0]
    first, last = scene.frame(0), scene.frame(3)
    np.testing.assert_array_equal(first[cells == 0], 0.25)
    for cell in range(1, 7):
        change = (last - first)[cells == cell]
        np.testing.assert_allclose(
            change, np.broadcast_to(scene.series[3, cell] - scene.series[0, cell], change.shape), atol=1e-6
        )
        np.testing.assert_allclose(
            first[cells == cell], scene.series[0, cell] + scene.texture[cells == cell], atol=1e-6
        )


def test_the_seed_alone_decides(settings: Settings) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = make_scene(settings(seed=0), None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.random(3)  # noqa: NPY002
    again = make_scene(settings(seed=0), None)
    other = make_scene(settings(seed=1), None)
    np.testing.assert_array_equal(first.frame(1), again.frame(1))
    np.testing.assert_array_equal(first.annotation, again.annotation)
    assert not np.array_equal(first.annotation, other.annotation)


def test_the_map_does_not_depend_on_texture_and_bands(settings: Settings) -> None:
    plain = make_scene(settings(), None)
    other = make_scene(settings(texture="legacy_interleaved", length_scale_px=9.0, num_bands=1), None)
    np.testing.assert_array_equal(plain.annotation, other.annotation)


def test_texture_statistics(settings: Settings) -> None:
    scene = make_scene(settings(width=337, height=256, num_cells=16), None)
    inside = scene.annotation[..., 0] > 0
    assert scene.texture[inside].std() == pytest.approx(0.314, abs=0.01)
    assert (~inside).mean() < 0.04


def test_series_come_from_the_class_of_the_cell(
    settings: Settings, tmp_path: Path, ts_file: Callable[..., Path]
) -> None:
    rows = ["0,1,2,3:0,0,0,0:a", "10,11,12,13:9,9,9,9:b"]
    pool = load_pool([ts_file(tmp_path / "x.ts", rows)], 1, 2)
    scene = make_scene(settings(num_bands=1, num_frames=2, num_cells=20, time_series=("x.ts",)), pool)
    cells, classes = scene.annotation[..., 0], scene.annotation[..., 1]
    starts = set()
    for cell in np.unique(cells[cells > 0]):
        number = classes[cells == cell][0]
        whole = pool.values[number - 1, :, 0]
        matches = [t for t in range(3) if np.allclose(whole[t : t + 2], scene.series[:, cell, 0])]
        assert len(matches) == 1
        starts.add(matches[0])
    assert starts == {0, 1, 2}  # every first step that fits occurs


def test_one_cell_fills_the_scene(settings: Settings) -> None:
    scene = make_scene(settings(num_cells=1, border_px=0), None)
    assert (scene.annotation[..., 0] == 1).all()


def test_variants_have_one_map_and_textures_of_their_own(settings: Settings) -> None:
    first, second, third = (make_scene(settings(width=120, height=96), None, variant) for variant in range(3))
    np.testing.assert_array_equal(first.annotation, second.annotation)
    inside = first.annotation[..., 0] > 0
    for one, other in ((first, second), (second, third)):
        assert abs(np.corrcoef(one.texture[inside].ravel(), other.texture[inside].ravel())[0, 1]) < 0.1


def test_the_first_variant_is_the_scene_itself(settings: Settings) -> None:
    plain, first = make_scene(settings(), None), make_scene(settings(), None, 0)
    np.testing.assert_array_equal(plain.frame(2), first.frame(2))


@pytest.mark.parametrize("variant", [0, 1])
def test_followed_series_are_those_of_the_scene(settings: Settings, variant: int) -> None:
    values = np.arange(40.0).reshape(40, 1, 1) + np.zeros((40, 6, 1))
    pool = SeriesPool(values, np.arange(40) % 2 + 1)
    keys = settings(num_bands=1, num_cells=12, time_series=("x.ts",))
    scene = make_scene(keys, pool, variant)
    np.testing.assert_array_equal(scene.series[0, 1:, 0], followed_series(keys, pool, variant))
    other = make_scene(keys, pool, 1 - variant)
    assert not np.array_equal(scene.series, other.series)

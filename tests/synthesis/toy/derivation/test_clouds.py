"""Clouds, and the statistics of the published ones (10 seeds of 30 frames), on other seeds."""

from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.derivation.clouds import Clouds
from synthesis.toy.derivation.stage import Draws

SHAPE = (256, 256, 3)


def layers(seed: int, frames: int, clouds: Clouds | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Opacity and brightness (frames, H, W)."""
    layer = (clouds or Clouds()).layers(SHAPE, Draws(seed, 1, "clouded_optical", frames))
    opacity, brightness = zip(*(layer(index) for index in range(frames)), strict=True)
    return np.stack(opacity), np.stack(brightness)


@pytest.fixture(scope="module")
def published() -> list[tuple[np.ndarray, np.ndarray]]:
    return [layers(seed, 30) for seed in (11, 22, 33, 44, 55, 66)]


def correlation(frames: np.ndarray, lag: int) -> float:
    pairs = [(frame[:, :-lag], frame[:, lag:]) for frame in frames]
    pairs += [(frame[:-lag], frame[lag:]) for frame in frames]
    return float(np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs]))


def test_opacity_has_the_published_statistics(published: list[tuple[np.ndarray, np.ndarray]]) -> None:
    means = [opacity.mean() for opacity, _ in published]
    assert np.mean(means) == pytest.approx(0.575, abs=0.015)
    assert np.std(means) < 0.03
    assert np.mean([opacity.std() for opacity, _ in published]) == pytest.approx(0.304, abs=0.01)
    assert np.mean([(opacity >= 0.999).mean() for opacity, _ in published]) == pytest.approx(0.176, abs=0.02)
    quantiles = np.mean([np.quantile(opacity, [0.05, 0.25, 0.5, 0.75, 0.95]) for opacity, _ in published], 0)
    np.testing.assert_allclose(quantiles, [0.105, 0.318, 0.555, 0.863, 1], atol=0.03)
    frame_means = np.concatenate([opacity.mean(axis=(1, 2)) for opacity, _ in published])
    assert frame_means.std() == pytest.approx(0.0776, abs=0.015)


def test_opacity_is_correlated_in_space_but_not_in_time(
    published: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    opacity = np.concatenate([opacity[::5] for opacity, _ in published])
    assert correlation(opacity, 8) == pytest.approx(0.83, abs=0.03)
    assert correlation(opacity, 64) == pytest.approx(0.1, abs=0.1)
    one = published[0][0]
    successive = [np.corrcoef(one[i].ravel(), one[i + 1].ravel())[0, 1] for i in range(29)]
    assert abs(np.mean(successive)) < 0.15


def test_brightness_has_the_published_statistics(published: list[tuple[np.ndarray, np.ndarray]]) -> None:
    assert np.mean([brightness.mean() for _, brightness in published]) == pytest.approx(0.981, abs=0.006)
    assert np.mean([brightness.std() for _, brightness in published]) == pytest.approx(0.0575, abs=0.005)


def test_clouds_are_blended_over_the_image() -> None:
    draws = Draws(1, 1, "x", 30)
    frame = np.random.default_rng(0).uniform(-0.5, 1.5, SHAPE).astype(np.float32)
    before = frame.copy()
    clouded = Clouds().prepare(SHAPE, draws).image(frame, 4)
    opacity, brightness = (layer[..., None] for layer in Clouds().layers(SHAPE, draws)(4))
    np.testing.assert_allclose(clouded, (1 - opacity) * frame + opacity * brightness, atol=1e-6)
    np.testing.assert_array_equal(frame, before)
    assert clouded.dtype == np.float32


def test_options_do_what_they_say() -> None:
    plain = layers(1, 2)[0]
    thin = layers(1, 2, Clouds(density=0.25))[0]
    np.testing.assert_allclose(thin[plain < 1], plain[plain < 1] / 4, rtol=1e-5)
    assert 0.5 < thin.max() <= 0.25 * 1.5**2
    assert layers(1, 2, Clouds(sparsity=4))[0].mean() < plain.mean() - 0.05
    assert correlation(layers(1, 2, Clouds(sampling_scale_px=32))[0], 8) > correlation(plain, 8) + 0.03
    frame = np.zeros(SHAPE, np.float32)
    image = Clouds(probability=0.4).prepare(SHAPE, Draws(1, 1, "x", 40)).image
    clear = [image(frame, index) is frame for index in range(40)]
    assert 0.35 < np.mean(clear) < 0.85
    cloudy = clear.index(False)
    np.testing.assert_array_equal(
        image(frame, cloudy), Clouds().prepare(SHAPE, Draws(1, 1, "x", 40)).image(frame, cloudy)
    )


@pytest.mark.parametrize("wind", [(2, 5), (-3, 4)])
def test_clouds_move_with_the_wind(wind: tuple[int, int]) -> None:
    opacity, brightness = layers(7, 4, Clouds(wind_px_per_frame=wind))
    for layer, tolerance in ((opacity, 1e-4), (brightness, 1e-4)):
        for index in range(3):
            down, across = wind
            here = layer[index][10:-10, 10:-10]
            moved = layer[index + 1][10 + down : 246 + down, 10 + across : 246 + across]
            np.testing.assert_allclose(here, moved, atol=tolerance)
    assert 0.2 < opacity.mean() < 0.9


def test_any_shape_has_clouds() -> None:
    for shape in ((40, 90, 1), (7, 5, 2)):
        opacity, brightness = Clouds().layers(shape, Draws(1, 1, "x", 3))(2)
        assert opacity.shape == brightness.shape == shape[:2]
        assert np.ptp(opacity) > 0.5


@pytest.mark.parametrize(
    "options",
    [
        {"probability": 1.5}, {"density": -1}, {"sparsity": 0}, {"sampling_scale_px": 1}, {"contrast": "high"},
        {"brightness": None}, {"brightness_coarse_points": 2.5}, {"wind_px_per_frame": 3},
    ],
)  # fmt: skip
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"clouds.{next(iter(options))} is"):
        Clouds(**options)

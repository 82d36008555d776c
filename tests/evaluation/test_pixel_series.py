"""The draw of training pixels: even, bounded, and the same for a seed."""

from collections.abc import Iterator

import numpy as np

from evaluation.pixel_series import BACKGROUND, pixel_series, sample_pixels

T, C, SIDE = 3, 2, 40


def scenes(count: int = 5, frames: int = T) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Band c of frame t of pixel p of scene s is p + 10000 (s + 10 (c + C t)); class = p mod 3."""
    pixels = np.arange(SIDE * SIDE, dtype=np.float64).reshape(SIDE, SIDE)
    for number in range(count):
        which = number + 10 * (np.arange(C) + C * np.arange(frames)[:, None])
        values = pixels[None, :, :, None] + 10000 * which[:, None, None, :]
        mask = (np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 3).astype(np.int64)
        mask[0] = BACKGROUND
        yield f"scene_{number}", values, mask


def test_a_series_is_time_major_and_brought_to_plus_minus_one() -> None:
    frames = np.arange(T * C * 4, dtype=np.float32).reshape(T, C, 2, 2)
    chosen = np.array([[True, False], [False, True]])
    found = pixel_series(frames, chosen, (0.0, 20.0))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], frames[:, :, 0, 0].ravel() / 10 - 1, rtol=1e-6)
    np.testing.assert_allclose(found[1], frames[:, :, 1, 1].ravel() / 10 - 1, rtol=1e-6)


def test_every_drawn_pixel_keeps_its_own_series_and_class() -> None:
    sample = sample_pixels(scenes(), 500, 73, (-1.0, 1.0))
    assert sample is not None and sample.features.shape == (500, T * C)
    pixel = sample.features[:, 0] % 10000
    number = sample.features[:, 0] // 10000
    np.testing.assert_array_equal(sample.labels, pixel % 3)
    assert pixel.min() >= SIDE  # no background
    steps = 100000 * np.arange(T * C)
    np.testing.assert_array_equal(sample.features, (pixel + 10000 * number)[:, None] + steps)
    assert len(np.unique(sample.features[:, 0])) == 500  # each once
    assert sample.scenes == tuple(f"scene_{number}" for number in range(5))


def test_all_scenes_have_an_equal_part() -> None:
    sample = sample_pixels(scenes(), 2000, 1, (-1.0, 1.0))
    assert sample is not None
    counts = np.bincount((sample.features[:, 0] // 10000).astype(int), minlength=5)
    assert np.all(np.abs(counts - 400) < 5 * np.sqrt(400 * 0.8))


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = (sample_pixels(scenes(), 300, seed, (0.0, 1.0)) for seed in (5, 5, 6))
    assert first is not None and again is not None and other is not None
    np.testing.assert_array_equal(first.features, again.features)
    assert not np.array_equal(first.features, other.features)


def test_fewer_pixels_than_asked_for_are_all_taken() -> None:
    sample = sample_pixels(scenes(2), 10**6, 0, (0.0, 1.0))
    assert sample is not None and len(sample.labels) == 2 * (SIDE - 1) * SIDE
    assert sample_pixels(iter(()), 10, 0, (0.0, 1.0)) is None


def test_missing_data_and_other_lengths_are_left_out() -> None:
    def holed() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        for name, frames, mask in scenes(2):
            frames[1, 5] = np.nan
            yield name, frames, mask
        yield from ((f"short_{name}", *rest) for name, *rest in scenes(1, frames=2))

    sample = sample_pixels(holed(), 10**6, 0, (0.0, 1.0))
    assert sample is not None
    assert len(sample.labels) == 2 * (SIDE - 2) * SIDE and np.isfinite(sample.features).all()
    assert sample.left_out == ("short_scene_0",)

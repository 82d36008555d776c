"""Made-up masks: reproducible, of the drawn cover, fractal."""

import numpy as np
import pytest

from errors import UserError
from synthesis.clouds.procedural_masks import ProceduralMasks, fractal_field


def test_a_mask_is_a_function_of_its_seed():
    masks = ProceduralMasks()
    first = masks.mask(48, 64, [3, 7])
    assert first.shape == (48, 64) and first.dtype == bool
    np.testing.assert_array_equal(first, ProceduralMasks().mask(48, 64, [3, 7]))
    assert (first != masks.mask(48, 64, [3, 8])).any()


@pytest.mark.parametrize("cover", [0, 20, 75, 100])
def test_cover_is_the_one_that_is_asked_for(cover):
    mask = ProceduralMasks(cover_percent=(cover, cover)).mask(64, 64, [1])
    assert 100 * mask.mean() == pytest.approx(cover, abs=0.1)


def test_covers_lie_between_their_bounds():
    masks = ProceduralMasks(cover_percent=(30, 60))
    covers = [100 * masks.mask(32, 32, [number]).mean() for number in range(20)]
    assert 29.8 <= min(covers) < 40 and 50 < max(covers) <= 60.2


@pytest.mark.parametrize("slope", [2.0, 3.0])
def test_power_falls_with_the_slope(slope):
    power = np.mean(
        [
            np.abs(np.fft.fft2(field(slope, seed) * np.outer(np.hanning(128), np.hanning(128)))) ** 2
            for seed in range(8)
        ],
        0,
    )
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None])
    chosen = (frequency > 0.05) & (frequency < 0.4)
    found = np.polyfit(np.log(frequency[chosen]), np.log(power[chosen]), 1)[0]
    assert -found == pytest.approx(slope, abs=0.3)


def field(slope, seed):
    return fractal_field(128, 128, np.random.default_rng(seed), slope=slope)


def test_stretched_fields_change_slowly_along_their_angle():
    rough = fractal_field(96, 96, np.random.default_rng(0), stretch=4.0, angle=0.0)
    assert np.abs(np.diff(rough, axis=1)).mean() < 0.6 * np.abs(np.diff(rough, axis=0)).mean()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"cover_percent": (60, 10)}, "cover_percent"),
        ({"slope": (2,)}, "slope"),
        ({"stretch": 0.5}, "stretch"),
    ],
)
def test_impossible_settings_are_refused(settings, key):
    with pytest.raises(UserError, match=rf"generator\.procedural\.{key}: found"):
        ProceduralMasks(**settings)

"""Spectra of waves and of noise."""

import numpy as np
import pytest

from evaluation.power_spectrum import frequencies, radial_spectrum, spectral_distance


@pytest.mark.parametrize("cycles", [2, 5, 11])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_wave_has_its_power_at_its_frequency(cycles: int, axis: int) -> None:
    wave = np.cos(2 * np.pi * cycles * np.arange(32) / 32)
    patch = np.broadcast_to(wave[:, None] if axis == 0 else wave, (1, 2, 32, 32))
    power = radial_spectrum(patch)[0]
    assert power.shape == (16,) and frequencies(32)[power.argmax()] == cycles / 32
    assert radial_spectrum(3 * patch + 7)[0] == pytest.approx(9 * power)


def test_white_noise_is_flat_and_its_power_is_its_variance() -> None:
    noise = np.random.default_rng(0).normal(0, 2, (200, 1, 32, 32))
    power = radial_spectrum(noise).mean(axis=0)
    assert power[1:] == pytest.approx(4, rel=0.1)  # the lowest lost its mean


def test_distance_is_in_decibels() -> None:
    power = np.array([100.0, 10.0, 1.0])
    assert spectral_distance(power, power) == 0
    assert spectral_distance(10 * power, power) == pytest.approx(10)
    assert np.isfinite(spectral_distance(0 * power, power))

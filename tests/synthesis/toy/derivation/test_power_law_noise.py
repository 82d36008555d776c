import numpy as np
import pytest

from synthesis.toy.derivation.power_law_noise import power_law_noise, unit_range


@pytest.mark.parametrize("exponent", [0.0, 1.2, 1.5])
@pytest.mark.parametrize("shape", [(64, 64), (48, 96)])
def test_the_spectrum_falls_off_with_the_exponent(exponent: float, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    power = np.mean(
        [np.abs(np.fft.fft2(power_law_noise(rng, *shape, exponent))) ** 2 for _ in range(30)], axis=0
    )
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
    used = (frequency > 0) & (frequency < 0.45)
    slope = np.polyfit(np.log(frequency[used]), np.log(power[used]), 1)[0]
    assert slope == pytest.approx(-2 * exponent, abs=0.05)
    assert power[0, 0] < 1e-3 * power[used].min()


def test_low_frequencies_can_be_flat() -> None:
    rng = np.random.default_rng(0)
    field = np.stack([power_law_noise(rng, 64, 64, 1.5, 0.1) for _ in range(40)])
    power = (np.abs(np.fft.fft2(field)) ** 2).mean(axis=0)
    assert power[1, 1] == pytest.approx(power[3, 2], rel=0.6)
    assert power[12, 0] < 0.5 * power[3, 2]


def test_the_seen_part_reaches_from_0_to_1() -> None:
    field = np.random.default_rng(1).standard_normal((10, 20)).astype(np.float32)
    whole = unit_range(field, [(slice(None), slice(None))])
    assert (whole.min(), whole.max()) == (0, 1)
    windows = [(slice(0, 5), slice(0, 5)), (slice(5, 10), slice(10, 20))]
    part = unit_range(field, windows)
    lowest, highest = ([bound(part[w]) for w in windows] for bound in (np.min, np.max))
    assert min(lowest) == 0 and max(highest) == 1
    assert unit_range(np.ones((3, 3), np.float32), [(slice(None), slice(None))]).max() == 0

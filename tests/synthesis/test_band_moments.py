"""Moments and percentiles gathered in pieces."""

import numpy as np

from synthesis.band_moments import BandMoments


def test_pieces_give_what_the_whole_gives():
    numbers = np.random.default_rng(0).integers(-900, 9000, (3, 5000)).astype(np.float32)
    one, two, total = (BandMoments(3, -1000, 65535) for _ in range(3))
    for part in np.array_split(numbers[:, :2000], 7, axis=1):
        one.add(part)
    two.add(numbers[:, 2000:])
    two.add(numbers[:, :0])
    total.merge(one)
    total.merge(BandMoments(3, -1000, 65535))
    total.merge(two)
    assert total.count == 5000
    np.testing.assert_allclose(total.mean, numbers.astype(float).mean(1), rtol=1e-12)
    np.testing.assert_allclose(total.std(), numbers.astype(float).std(1), rtol=1e-12)
    for percent in (0, 1, 30, 50, 99, 100):
        found = np.percentile(numbers, percent, axis=1, method="inverted_cdf")
        np.testing.assert_array_equal(total.percentile(percent), found)


def test_a_large_mean_does_not_drown_the_spread():
    moments = BandMoments(1, 0, 65535)
    for _ in range(100):
        moments.add(np.array([[60000.0, 60001.0]], np.float32))
    np.testing.assert_allclose(moments.std(), 0.5)


def test_numbers_out_of_range_count_as_its_ends():
    moments = BandMoments(1, 0, 100)
    moments.add(np.array([[-5.0, 50.4, 1e6]]))
    assert [moments.percentile(percent)[0] for percent in (1, 50, 100)] == [0, 50, 100]

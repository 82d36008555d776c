import numpy as np

from synthesis.multiresolution_scene import landscape

BANDS = np.array([490.0, 665.0, 705.0, 842.0, 1610.0, 11_000.0])


def test_reflectances_are_plausible_and_seeded():
    one, same, other = (landscape(64, BANDS, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (6, 64, 64) and one.dtype == np.float32
    assert one.min() > 0 and one.max() < 1.2
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_bands_share_their_edges_but_not_their_steps():
    image = landscape(128, BANDS, np.random.default_rng(3))
    steps = np.abs(np.diff(image, axis=2))
    strong = steps[0] > np.quantile(steps[0], 0.95)
    for band in steps[1:]:
        assert band[strong].mean() > 3 * band[~strong].mean()  # edges at the same places
    near, far = (np.corrcoef(image[0].ravel(), image[band].ravel())[0, 1] for band in (1, 3))
    assert near > 0.8 > abs(far)  # blue is like red, and unlike infrared

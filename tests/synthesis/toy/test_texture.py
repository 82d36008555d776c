import numpy as np
import pytest

from synthesis.toy.texture import PublishedTexture, SmoothTexture, arrange


def correlation(image: np.ndarray, lag: int, axis: int) -> float:
    count = image.shape[axis]
    first, second = image.take(range(count - lag), axis), image.take(range(lag, count), axis)
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


@pytest.mark.parametrize("length_scale_px", [0.3, 0.8, 1.3, 1.7, 1.8, 2.5, 3.0, 8.0, 60.0, 500.0])
def test_the_factor_gives_the_kernel(length_scale_px: float) -> None:
    """No sampling: the covariance that the sparse factor implies, against the kernel."""
    factor = SmoothTexture(120, length_scale_px)._side(90)
    steps = np.arange(90)
    kernel = np.exp(-((steps[:, None] - steps) ** 2) / (2 * length_scale_px**2))
    np.testing.assert_allclose((factor @ factor.T).toarray(), kernel, atol=2e-5)


@pytest.mark.parametrize("length_scale_px", [2.5, 200.0])
def test_the_factor_grows_linearly(length_scale_px: float) -> None:
    small, large = (SmoothTexture(side, length_scale_px)._side(side) for side in (512, 2048))
    assert large.nnz == 4 * small.nnz
    assert large.shape[1] <= 4 * small.shape[1]


def test_smooth_fields_are_isotropic_and_independent() -> None:
    fields = SmoothTexture(600, 2.5).fields(np.random.default_rng(0), 3, 500, 600)
    assert fields.shape == (3, 600, 500)
    assert fields.dtype == np.float32
    image = arrange(fields, "smooth")
    assert image.shape == (500, 600, 3)
    assert image.std() == pytest.approx(1, abs=0.02)
    for axis in (0, 1):
        measured = [correlation(image[..., 0], lag, axis) for lag in (1, 2, 3)]
        np.testing.assert_allclose(measured, [0.92, 0.73, 0.49], atol=0.03)
    assert abs(np.corrcoef(image[..., 0].ravel(), image[..., 1].ravel())[0, 1]) < 0.05


def test_published_fields_have_the_same_statistics() -> None:
    fields = PublishedTexture(400, 2.5).fields(np.random.RandomState(0), 2, 300, 400)
    image = arrange(fields, "smooth")
    assert image.dtype == np.float64
    for axis in (0, 1):
        measured = [correlation(image[..., 0], lag, axis) for lag in (1, 2, 3)]
        np.testing.assert_allclose(measured, [0.92, 0.73, 0.49], atol=0.04)


@pytest.mark.parametrize("length_scale_px", [3.0, 20.0])
def test_published_fields_of_long_scales_do_not_fail(length_scale_px: float) -> None:
    fields = PublishedTexture(64, length_scale_px).fields(np.random.RandomState(0), 1, 64, 64)
    assert np.isfinite(fields).all()


def test_legacy_interleaving_streaks_along_rows() -> None:
    """The measured autocorrelation of the published imagery (its largest cell, 256 rows, 106 columns)."""
    fields = [SmoothTexture(256, 2.5).fields(np.random.default_rng(seed), 3, 256, 106) for seed in range(8)]
    images = [np.tanh(arrange(field, "legacy_interleaved"))[..., 0] for field in fields]
    rows = [np.mean([correlation(image, lag, 1) for image in images]) for lag in range(1, 10)]
    columns = [np.mean([correlation(image, lag, 0) for image in images]) for lag in range(1, 10)]
    np.testing.assert_allclose(rows, [0, 0, 0.91, 0, 0, 0.69, 0, 0, 0.44], atol=0.05)
    np.testing.assert_allclose(columns, 0, atol=0.05)


def test_arrange_moves_values_and_loses_none() -> None:
    fields = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)  # bands, width, height
    smooth, legacy = arrange(fields, "smooth"), arrange(fields, "legacy_interleaved")
    assert smooth.shape == legacy.shape == (4, 3, 2)
    assert smooth[3, 1, 0] == fields[0, 1, 3]
    assert sorted(legacy.ravel()) == sorted(fields.ravel())
    assert legacy[0, 0, 0] == fields[0, 0, 0]
    assert legacy[0, 1, 0] == fields[1, 0, 0]  # the next column holds the next band of the same place

import numpy as np
import pytest

from inference.blend import blend
from inference.sinks import ArraySink
from inference.sources import ArraySource


def blended(array, function, dtype="float64", bands=None, **options):
    sink = ArraySink((bands or len(array), *array.shape[1:]), dtype)
    windows = blend(ArraySource(array), function, sink, dtype=dtype, **options)
    return sink.array, windows


def identity(cells, windows):
    return cells


@pytest.mark.parametrize("border", ["reflect", "inside"])
@pytest.mark.parametrize(("window_size", "overlap"), [(1, 0.5), (5, 0.5), (6, 0.75), (4, 0.0)])
def test_identity_is_exact_for_every_size_up_to_five_windows_and_one_pixel(border, window_size, overlap):
    generator = np.random.default_rng(0)
    for height in range(1, 5 * window_size + 2):
        width = int(generator.integers(1, 5 * window_size + 2))
        options = {"window_size": window_size, "overlap": overlap, "border": border, "prefetch": False}
        integers = generator.integers(0, 2**32, (2, height, width), dtype=np.uint32)
        np.testing.assert_array_equal(blended(integers, identity, "uint32", **options)[0], integers)
        floats = generator.normal(0, 1e4, (1, width, height)).astype(np.float32)
        np.testing.assert_array_equal(blended(floats, identity, "float32", **options)[0], floats)


@pytest.mark.parametrize("shape", [(1000, 1300), (333, 2049)])
def test_identity_of_odd_sizes_in_windows_of_512(shape):
    array = np.random.default_rng(0).integers(0, 65536, (1, *shape)).astype(np.uint16)
    found, windows = blended(array, identity, "uint16")
    np.testing.assert_array_equal(found, array)
    assert windows == {(1000, 1300): 5 * 7, (333, 2049): 3 * 10}[shape]


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("prefetch", [False, True])
def test_batches_and_reading_ahead_change_nothing(batch_size, prefetch):
    array = np.random.default_rng(0).random((3, 45, 31))

    def edges(cells, windows):  # the answer depends on where in its window a pixel lies
        return cells[:, :2] * np.linspace(0, 1, cells.shape[-1])

    expected, _ = blended(array, edges, bands=2, window_size=16, prefetch=False)
    found, _ = blended(array, edges, bands=2, window_size=16, batch_size=batch_size, prefetch=prefetch)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("weighting", ["spline", "flat"])
def test_means_are_weighted_by_the_place_in_the_window(weighting):
    array = np.zeros((1, 24, 40))
    sums, weights = np.zeros((24, 40)), np.zeros((24, 40))
    size, step = 16, 8
    one = np.ones(size)
    if weighting == "spline":
        ramp = (np.arange(size) + 0.5) / (size / 2)
        ramp = np.minimum(ramp, 2 - ramp)
        one = np.where(ramp < 0.5, 2 * ramp**2, 1 - 2 * (1 - ramp) ** 2)
    for row in range(-8, 24, step):
        for column in range(-8, 40, step):
            if row > 24 - 8 or column > 40 - 8:
                continue
            for i in range(size):
                for j in range(size):
                    if 0 <= row + i < 24 and 0 <= column + j < 40:
                        sums[row + i, column + j] += one[i] * one[j] * (row * 100 + column)
                        weights[row + i, column + j] += one[i] * one[j]

    def where(cells, windows):
        return np.stack([np.full((1, size, size), window.row * 100.0 + window.column) for window in windows])

    found, _ = blended(array, where, window_size=size, weighting=weighting)
    np.testing.assert_allclose(found[0], sums / weights, rtol=1e-12)


def test_a_failing_model_leaves_no_thread():
    import threading

    def failing(cells, windows):
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        blended(np.zeros((1, 64, 64)), failing, window_size=8)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_impossible_arguments():
    array = np.zeros((1, 8, 8))
    with pytest.raises(ValueError, match="the sink is"):
        blend(ArraySource(array), identity, ArraySink((1, 8, 9), "float64"))
    for options in ({"weighting": "round"}, {"batch_size": 0}):
        with pytest.raises(ValueError, match="expected one of spline, flat"):
            blended(array, identity, **options)

import numpy as np
import pytest

from inference.blend_grid import BlendGrid
from inference.blend_means import WeightedMeans
from products.window import Window


class Blocks:
    """Remembers what was written and how often."""

    def __init__(self, shape, dtype):
        self.array, self.counts, self.windows = np.zeros(shape, dtype), np.zeros(shape[1:], int), []

    @property
    def shape(self):
        return self.array.shape

    def write(self, window: Window, array: np.ndarray) -> None:
        assert (
            array.shape == (len(self.array), window.height, window.width) and array.dtype == self.array.dtype
        )
        place = window.inside(Window(0, 0, *self.counts.shape))
        self.array[:, *place] = array
        self.counts[place] += 1
        self.windows.append(window)


def averaged(
    grid, shape, weighting="spline", dtype="float64", value=lambda window: window.row * 100.0 + window.column
):
    sink = Blocks((1, *shape), dtype)
    means = WeightedMeans(grid, weighting, sink, dtype)
    for window in grid.windows():
        means.add(window, np.full((1, window.height, window.width), value(window)))
    return sink, means


@pytest.mark.parametrize("border", ["reflect", "inside"])
@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.6, 0.75])
@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (16, 16), (17, 40), (40, 33)])
@pytest.mark.parametrize("weighting", ["spline", "flat"])
def test_means_are_those_of_all_sums_at_once_and_each_pixel_is_written_once(
    border, overlap, shape, weighting
):
    grid = BlendGrid.over(shape, 16, overlap, border)
    sink, _ = averaged(grid, shape, weighting)
    sums, weights = np.zeros(shape), np.zeros(shape)
    for window in grid.windows():
        one = []
        for side in (window.height, window.width):
            ramp = np.minimum(np.arange(side), np.arange(side)[::-1])
            ramp = 2 * (ramp + 1) / (side + 1) if side % 2 else (2 * ramp + 1) / side
            one.append(np.where(ramp < 0.5, 2 * ramp**2, 1 - 2 * (1 - ramp) ** 2))
        patch = np.outer(*one) if weighting == "spline" else np.ones(window[2:])
        inner = window.clip(*shape)
        place, part = inner.inside(Window(0, 0, *shape)), patch[inner.inside(window)]
        sums[place] += part * (window.row * 100 + window.column)
        weights[place] += part
    np.testing.assert_allclose(sink.array[0], sums / weights, rtol=1e-12, atol=1e-12)
    assert (sink.counts == 1).all()


def test_blocks_are_those_of_the_step_and_memory_that_of_the_rows_below():
    grid = BlendGrid.over((64, 200), 16, 0.5, "reflect")
    sink, means = averaged(grid, (64, 200))
    assert {window[2:] for window in sink.windows} == {(8, 8)}
    assert all(window.row % 8 == 0 and window.column % 8 == 0 for window in sink.windows)
    assert means._sums.shape == (1, 16, 16) and means._below.shape == (1, 8, 216)


def test_integers_are_rounded_and_cut_to_their_range():
    grid = BlendGrid.over((9, 9), 4, 0.5, "reflect")
    for value, expected in ((254.6, 255), (300.0, 255), (-3.0, 0), (7.4, 7)):
        sink, _ = averaged(grid, (9, 9), dtype="uint8", value=lambda window, value=value: value)
        assert set(sink.array.ravel()) == {expected}

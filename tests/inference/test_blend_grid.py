import numpy as np
import pytest

from inference.blend_grid import WEIGHTINGS, BlendAxis, BlendGrid, spline_weights, step_of

LENGTHS = (1, 2, 7, 8, 9, 15, 16, 17, 40, 41)


def test_the_spline_is_what_was_published():
    weights = spline_weights(512)
    assert weights.mean() == pytest.approx(1) and weights.max() == pytest.approx(2, abs=1e-4)
    assert weights.min() == pytest.approx(1.5e-5, abs=5e-7)
    np.testing.assert_allclose(weights[:256] + weights[256:], 2, atol=1e-12)
    np.testing.assert_array_equal(weights, weights[::-1])


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_weights_are_nowhere_zero(name):
    for size in (1, 2, 3, 4, 5, 31, 32):
        weights = WEIGHTINGS[name](size)
        assert weights.shape == (size,) and weights.min() > 0 and weights.mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("length", "windows"), [(256, 2), (512, 3), (1024, 5), (2048, 9), (1100, 6), (10980, 44)]
)
def test_as_many_windows_as_published_and_one_more_where_those_left_a_hole(length, windows):
    assert len(BlendAxis.over(length, 512, 256, "reflect").starts) == windows


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("size", "step"), [(8, 4), (8, 2), (7, 4), (8, 8), (1, 1)])
def test_every_pixel_is_in_as_many_reflected_windows_as_any_other(length, size, step):
    axis = BlendAxis.over(length, size, step, "reflect")
    counts = axis.total(np.ones(size))[-axis.starts[0] :][:length]
    assert len(counts) == length and counts.min() >= size // step and counts.max() <= -(-size // step)
    assert axis.starts[-1] < length and (len(axis.starts) == 1 or axis.starts[-2] < length - step)


@pytest.mark.parametrize("length", LENGTHS)
def test_windows_inside_cover_everything_and_stay_there(length):
    axis = BlendAxis.over(length, 8, 4, "inside")
    assert axis.size == min(8, length) and axis.starts[0] == 0 and axis.starts[-1] + axis.size == length
    assert list(axis.starts) == sorted(set(axis.starts)) and axis.total(np.ones(axis.size)).min() >= 1


def test_steps_lead_from_each_window_to_the_next_and_over_the_last():
    axis = BlendAxis.over(41, 8, 4, "inside")
    assert axis.steps() == {**dict.fromkeys(range(0, 32, 4), 4), 32: 1, 33: 8} and axis.reached == 41


@pytest.mark.parametrize("length", LENGTHS)
def test_reflection_is_that_of_numpy(length):
    axis = BlendAxis.over(length, 8, 4, "reflect")
    for start in axis.starts:
        expected = np.pad(np.arange(length), (20, 20), mode="reflect")[start + 20 :][:8]
        np.testing.assert_array_equal(axis.indices(start), expected)
        assert axis.reach(start) == (expected.min(), expected.max() + 1)


def test_windows_go_row_by_row():
    grid = BlendGrid.over((5, 9), 4, 0.5, "inside")
    assert [window[:2] for window in grid.windows()] == [(r, c) for r in (0, 1) for c in (0, 2, 4, 5)]
    assert len(grid) == 8 and {window[2:] for window in grid.windows()} == {(4, 4)}


def test_impossible_grids():
    for size, overlap, border in (
        (0, 0.5, "reflect"),
        (8, 1.0, "reflect"),
        (8, -0.1, "reflect"),
        (8, 0.5, "wrap"),
    ):
        with pytest.raises(ValueError, match="expected at least 1"):
            BlendGrid.over((8, 8), size, overlap, border)
    assert step_of(512, 0.5) == 256 and step_of(1, 0.5) == 1 and step_of(8, 0.99) == 1

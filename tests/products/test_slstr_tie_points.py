import numpy as np
import pytest

from products.slstr_tie_points import extended, interpolated


def plane(rows, columns):
    return np.asarray(rows)[:, None] * 0.5 + np.asarray(columns)[None] * 2.0 + 3


def test_a_plane_is_met_between_its_points_and_a_little_outside():
    rows, columns = np.arange(-0.5, 5, 0.5), np.arange(-0.75, 7, 0.25)
    found = interpolated(plane(range(5), range(7)), rows, columns)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plane(rows, columns), rtol=1e-6)


def test_more_than_a_point_outside_is_unknown():
    found = interpolated(plane(range(5), range(7)), np.array([0.0, 5.5]), np.array([-1.5, 0.0, 7.5]))
    np.testing.assert_array_equal(np.isnan(found), [[True, False, True], [True, True, True]])


def test_an_unknown_point_concerns_its_own_cells_only():
    values = plane(range(4), range(5))
    values[:, 3] = np.nan
    found = interpolated(values, np.arange(4.0), np.array([1.5, 2.0, 2.5, 4.0]))
    np.testing.assert_array_equal(
        np.isnan(found[0]), [False, False, True, False]
    )  # exactly on a point: no other needed


def test_unknown_points_are_continued_straight_and_only_so_far():
    values = plane(range(6), range(12))
    truth = values.copy()
    values[:, :4] = np.nan
    values[:, 9:] = np.nan
    found = extended(values, 2)
    np.testing.assert_allclose(found[:, 2:11], truth[:, 2:11])
    assert np.isnan(found[:, :2]).all()
    assert np.isnan(found[:, 11:]).all()
    np.testing.assert_array_equal(found[:, 4:9], truth[:, 4:9])


def test_nothing_overshoots_at_a_ragged_edge():
    """A cubic spline through zeros instead of unknown points, as published, rings; a straight line does not."""
    generator = np.random.default_rng(0)
    values = np.full((20, 30), 0.7)
    for row, start in enumerate(generator.integers(3, 8, 20)):
        values[row, :start] = np.nan
    found = interpolated(extended(values, 2), np.linspace(0, 19, 77), np.linspace(0, 29, 200))
    known = found[~np.isnan(found)]
    assert known.size > 0.7 * found.size
    assert np.ptp(known) == pytest.approx(0, abs=1e-6)


def test_a_single_point_and_a_single_row():
    assert interpolated(np.array([[4.0]]), np.array([0.0]), np.array([0.0])) == 4
    np.testing.assert_allclose(
        interpolated(np.array([[1.0, 2.0]]), np.array([0.0]), np.array([0.5])), [[1.5]]
    )


def test_doubles_stay_doubles():
    found = interpolated(plane(range(3), range(3)), np.array([0.1]), np.array([0.3]), np.float64)
    assert found.dtype == np.float64
    assert found[0, 0] == pytest.approx(3.65, abs=1e-14)

"""Brush, polygon and fill by mouse and keyboard; what counts is the mask that lands on the disk."""

import numpy as np
import pytest
import rasterio

from tests.fakes.annotation_page import centre
from tests.fakes.annotation_patches import (
    BRIGHT,
    CLOUD,
    DARKER_BY,
    FAR_BRIGHT,
    GROUND,
    NEARLY_BRIGHT,
    SNOW,
    UNKNOWN,
    WATER,
    known,
)

ROWS, COLUMNS = np.mgrid[:40, :48]


@pytest.fixture
def saved(page, queries):
    """Saves, and reads the first patch's mask from the disk."""

    def save() -> np.ndarray:
        page.save()
        with rasterio.open(queries.path / "edited" / "0001.tif") as file:
            return file.read(1)

    return save


def expected(area, value):
    """The mask that was known, with another class in an area."""
    mask = known(40, 48)
    mask[area] = value
    return mask


def test_a_dot_is_a_disc_around_the_pixel(page, saved):
    page.press("4")
    page.set("#brush", 7)
    page.click(centre(20, 30))
    disc = (ROWS - 20) ** 2 + (COLUMNS - 30) ** 2 <= 3.5**2
    np.testing.assert_array_equal(saved(), expected(disc, WATER))


def test_a_brush_of_one_pixel_paints_just_that(page, saved):
    page.press("1")
    page.set("#brush", 1)
    page.click(centre(0, 0), centre(39, 47), centre(17, 5))
    area = ([0, 39, 17], [0, 47, 5])
    np.testing.assert_array_equal(saved(), expected(area, CLOUD))


def test_a_stroke_has_no_gaps(page, saved):
    page.press("3")
    page.set("#brush", 3)
    page.drag([centre(10, 4), centre(10, 40), centre(30, 40)])
    along = (abs(ROWS - 10) <= 1) & (COLUMNS >= 3) & (COLUMNS <= 41)
    down = (abs(COLUMNS - 40) <= 1) & (ROWS >= 9) & (ROWS <= 31)
    np.testing.assert_array_equal(saved(), expected(along | down, SNOW))


def test_shift_draws_a_line_from_the_last_point(page, saved):
    page.press("3")
    page.set("#brush", 1)
    page.click(centre(5, 5))
    page.hold("Shift")
    page.click(centre(5, 30))
    page.let_go("Shift")
    np.testing.assert_array_equal(saved(), expected((5, slice(5, 31)), SNOW))


def test_a_stroke_that_leaves_the_patch_is_cut_at_its_edge(page, saved):
    page.press("1")
    page.set("#brush", 5)
    page.drag([centre(20, 40), (60.0, 20.5), (60.0, -9.0), (20.5, -9.0)])
    mask = saved()
    assert (mask[18:23, 40:] == CLOUD).all()
    assert (mask[mask != known(40, 48)] == CLOUD).all()
    assert (mask == CLOUD).sum() == 5 * 8 + 5 + 3  # with the round end in columns 39 and 38


def test_the_right_button_paints_unknown(page, saved):
    page.set("#brush", 1)
    page.drag([centre(3, 3), centre(3, 9)], button="right")
    np.testing.assert_array_equal(saved(), expected((3, slice(3, 10)), UNKNOWN))


def test_a_polygon_takes_pixels_whose_centre_is_inside(page, saved):
    page.press("p", "1")
    page.click((4.2, 5.2), (20.2, 5.2), (20.2, 15.8), (4.2, 15.8))
    page.press("Enter")
    np.testing.assert_array_equal(saved(), expected((slice(5, 16), slice(4, 20)), CLOUD))


@pytest.mark.parametrize("end", ["first corner", "double click"])
def test_a_polygon_also_ends_by_mouse(page, saved, end):
    page.press("p", "1")
    page.click((4.0, 5.0), (20.0, 5.0), (20.0, 15.0))
    if end == "first corner":
        page.click((4.0, 15.0), (4.05, 5.05))
    else:
        page.double_click((4.0, 15.0))
    np.testing.assert_array_equal(saved(), expected((slice(5, 15), slice(4, 20)), CLOUD))


def test_a_corner_can_be_taken_back_and_a_polygon_forgotten(page, saved):
    page.press("p", "1")
    page.click((4.0, 5.0), (20.0, 5.0), (20.0, 15.0), (45.0, 35.0))
    page.press("Backspace")
    page.click((4.0, 15.0))
    page.press("Enter")
    page.click((30.0, 5.0), (40.0, 5.0), (40.0, 15.0))
    page.press("Escape", "Enter")
    page.wait("document.body.dataset.patch === '2'")  # with no polygon open, Enter saves and goes on
    page.press("ArrowLeft")
    page.wait("document.body.dataset.patch === '1'")
    page.press("0")
    np.testing.assert_array_equal(saved(), expected((slice(5, 15), slice(4, 20)), CLOUD))


def test_dragging_a_polygon_makes_a_lasso(page, saved):
    page.press("p", "4")
    page.drag([(10.0, 10.0), (30.0, 10.0), (30.0, 20.0), (20.0, 20.0), (10.0, 20.0), (10.0, 10.5)])
    np.testing.assert_array_equal(saved(), expected((slice(10, 20), slice(10, 30)), WATER))


def test_fill_takes_what_is_alike_and_hangs_together(page, saved):
    page.press("f", "1")
    page.set("#tolerance", 0)
    page.click(centre(10, 10))
    np.testing.assert_array_equal(saved(), expected(BRIGHT, CLOUD))


@pytest.mark.parametrize(("tolerance", "reaches"), [(DARKER_BY - 1, False), (DARKER_BY, True)])
def test_fill_goes_as_far_as_its_tolerance(page, saved, tolerance, reaches):
    page.press("f", "1")
    page.set("#tolerance", tolerance)
    page.click(centre(10, 10))
    mask = expected(BRIGHT, CLOUD)
    if reaches:
        mask[NEARLY_BRIGHT] = CLOUD
    np.testing.assert_array_equal(saved(), mask)


def test_dragging_a_fill_sets_its_tolerance(page, saved):
    page.press("f", "1")
    page.set("#tolerance", 0)
    per_pixel = page.screen(centre(10, 11))[0] - page.screen(centre(10, 10))[0]
    page.drag([centre(10, 10), (10.5 + 4 * (DARKER_BY + 1) / per_pixel, 10.5)])
    mask = expected(BRIGHT, CLOUD)
    mask[NEARLY_BRIGHT] = CLOUD
    np.testing.assert_array_equal(saved(), mask)
    assert page.text("label[data-for=fill] output") in {f"{DARKER_BY}", f"{DARKER_BY + 1}"}


def test_fill_goes_everywhere_when_told(page, saved):
    page.press("f", "1")
    page.set("#tolerance", 0)
    page.click_on("#contiguous")
    page.click(centre(10, 10))
    mask = expected(BRIGHT, CLOUD)
    mask[FAR_BRIGHT] = CLOUD
    np.testing.assert_array_equal(saved(), mask)


def test_fill_by_class_changes_one_class_into_another(page, saved):
    page.press("f", "3")
    page.click_on("#fill-by [data-value=mask]")
    page.click(centre(20, 2))
    np.testing.assert_array_equal(saved(), expected(known(40, 48) == GROUND, SNOW))


def test_fill_goes_by_the_picture_that_is_shown(page, saved):
    page.press("f", "1")
    page.set("#tolerance", DARKER_BY)
    page.set("#gamma", 0.25)  # which makes the difference of bright colours four times as large
    page.click(centre(10, 10))
    assert (saved()[NEARLY_BRIGHT] == GROUND).all()


def test_the_picker_takes_the_class_below(page, saved):
    page.set("#brush", 1)
    page.press("i")
    page.click(centre(38, 3))  # nothing is known there
    page.press("b")
    page.click(centre(3, 3))
    np.testing.assert_array_equal(saved(), expected((3, 3), UNKNOWN))


def test_nothing_paints_over_a_locked_class(page, saved):
    page.press("2", "l", "1", "p")
    page.click((0.0, 20.0), (48.0, 20.0), (48.0, 40.0), (0.0, 40.0))
    page.press("Enter")
    np.testing.assert_array_equal(saved(), expected(known(40, 48) == UNKNOWN, CLOUD))

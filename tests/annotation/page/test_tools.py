"""Brush, polygon and fill by mouse and keyboard; what counts is the mask that lands on the disk."""

import numpy as np
import pytest

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
def saved(page, on_disk):
    """Saves, and reads the first patch's mask from the disk."""

    def save() -> np.ndarray:
        page.save()
        return on_disk()

    return save


def expected(area, value):
    """The mask that was known, with another class in an area."""
    mask = known(40, 48)
    mask[area] = value
    return mask


def test_marks_of_the_brush(page, saved):
    mask = known(40, 48)
    page.press("4")
    page.set("#brush", 7)
    page.click(centre(20, 30))  # a dot is a disc around the pixel
    mask[(ROWS - 20) ** 2 + (COLUMNS - 30) ** 2 <= 3.5**2] = WATER
    page.press("1")
    page.set("#brush", 1)
    page.click(centre(0, 0), centre(39, 47), centre(17, 5))  # one pixel is just that
    mask[[0, 39, 17], [0, 47, 5]] = CLOUD
    page.drag([centre(3, 3), centre(3, 9)], button="right")  # the right button paints unknown
    mask[3, 3:10] = UNKNOWN
    page.click(centre(5, 5))
    page.hold("Shift")
    page.click(centre(5, 20))  # Shift draws a line from the last point
    page.let_go("Shift")
    mask[5, 5:21] = CLOUD
    np.testing.assert_array_equal(saved(), mask)


def test_strokes_have_no_gaps_and_end_at_the_edge_of_the_patch(page, saved):
    mask = known(40, 48)
    page.press("3")
    page.set("#brush", 3)
    page.drag([centre(5, 4), centre(5, 30), centre(12, 30)])
    mask[(abs(ROWS - 5) <= 1) & (COLUMNS >= 3) & (COLUMNS <= 31)] = SNOW
    mask[(abs(COLUMNS - 30) <= 1) & (ROWS >= 4) & (ROWS <= 13)] = SNOW
    page.press("1")
    page.set("#brush", 5)
    page.drag([centre(20, 40), (60.0, 20.5), (60.0, -9.0), (20.5, -9.0)])
    mask[18:23, 40:] = CLOUD
    mask[18:23, 39] = CLOUD  # the round end
    mask[19:22, 38] = CLOUD
    np.testing.assert_array_equal(saved(), mask)


def test_polygons_take_pixels_whose_centre_is_inside_and_end_in_three_ways(page, saved):
    mask = known(40, 48)
    page.press("p", "1")
    page.click((4.2, 5.2), (20.2, 5.2), (20.2, 15.8), (4.2, 15.8))
    page.press("Enter")
    mask[5:16, 4:20] = CLOUD
    page.press("3")
    page.click((24.0, 5.0), (40.0, 5.0), (40.0, 15.0), (24.0, 15.0), (24.05, 5.05))  # at the first corner
    mask[5:15, 24:40] = SNOW
    page.press("4")
    page.click((4.0, 20.0), (20.0, 20.0), (20.0, 30.0))
    page.double_click((4.0, 30.0))
    mask[20:30, 4:20] = WATER
    np.testing.assert_array_equal(saved(), mask)


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


def test_fill_takes_what_is_alike_within_its_tolerance_and_hangs_together(page, saved):
    page.press("f", "1")
    both = expected(BRIGHT, CLOUD)
    both[NEARLY_BRIGHT] = CLOUD
    for tolerance, mask in (
        (0, expected(BRIGHT, CLOUD)),
        (DARKER_BY - 1, expected(BRIGHT, CLOUD)),
        (DARKER_BY, both),
    ):
        page.set("#tolerance", tolerance)
        page.click(centre(10, 10))
        np.testing.assert_array_equal(saved(), mask)
        page.press("Control+z")


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

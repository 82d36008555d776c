"""The legend, and overlays as a screenshot shows them."""

import numpy as np

from tests.fakes.annotation_page import centre
from tests.fakes.annotation_patches import CLASSES

CLOUD_AT, NEAR_AT, GROUND_AT, UNKNOWN_AT = centre(12, 10), centre(12, 23), centre(20, 10), centre(36, 10)
PLACES = [CLOUD_AT, NEAR_AT, GROUND_AT, UNKNOWN_AT]
PICTURE = np.array([[255] * 3, [249] * 3, [0] * 3, [0] * 3])
GROUND = np.array(CLASSES.colours[1])
CLOUD = np.array(CLASSES.colours[0])


def rows(page):
    return page.evaluate(
        "[...document.querySelectorAll('#legend li')].map((row) => [row.querySelector('.name').textContent,"
        " row.querySelector('kbd').textContent, row.querySelector('.share').textContent,"
        " getComputedStyle(row.querySelector('.swatch')).backgroundColor])"
    )


def test_the_legend_names_classes_keys_shares_and_colours(page):
    legend = rows(page)
    assert [row[:3] for row in legend] == [
        ["cloud", "1", ""], ["ground", "2", "80.0 %"], ["snow", "3", ""], ["water", "4", ""], ["unknown", "0", "20.0 %"],
    ]  # fmt: skip
    assert [row[3] for row in legend[:4]] == ["rgb({}, {}, {})".format(*colour) for colour in CLASSES.colours]
    page.set("#brush", 1)
    page.press("1")
    page.click(centre(3, 3))
    assert rows(page)[0][2] == "0.1 %"
    page.click_on("#legend li:nth-child(3) .class")
    assert page.text("#legend .chosen .name") == "snow"


def test_the_mask_lies_over_the_picture_with_its_opacity(page):
    page.evaluate("document.activeElement.blur()")
    page.set(".overlay[data-layer=mask] input", 50)
    page.move(centre(0, 47))  # the brush shows itself elsewhere
    shown = np.array(page.colours(PLACES), float)
    expected = (PICTURE + GROUND) / 2
    expected[3] = PICTURE[3]  # nothing is known
    np.testing.assert_allclose(shown, expected, atol=1.5)
    page.press("m")
    np.testing.assert_allclose(page.colours(PLACES), PICTURE, atol=1)


def test_prediction_uncertainty_and_bare_picture(page):
    page.move(centre(0, 47))
    page.press("m", "r")
    page.set(".overlay[data-layer=prediction] input", 100)
    np.testing.assert_allclose(page.colours(PLACES), [CLOUD, GROUND, GROUND, GROUND], atol=1)
    page.press("x")  # only where it differs from the mask: cloud, and where nothing is known
    np.testing.assert_allclose(page.colours(PLACES), [CLOUD, PICTURE[1], PICTURE[2], GROUND], atol=1)
    page.press("r", "u")
    page.set(".overlay[data-layer=uncertainty] input", 100)
    left, right = np.array(page.colours([centre(36, 1), centre(36, 46)]), int)
    assert left.max() < 30
    assert right.sum() > 500
    page.hold("Space")
    np.testing.assert_allclose(page.colours(PLACES), PICTURE, atol=1)
    page.let_go("Space")
    assert np.array(page.colours([centre(36, 46)])).sum() > 500


def test_pictures_take_turns(page):
    page.move(centre(0, 47))
    page.press("m", "v")
    assert page.text("#pictures [aria-pressed=true]") == "False colour"
    red, green, blue = page.colours([CLOUD_AT])[0]
    assert (red < 60, green > 200) == (True, True)  # bright areas are dark in the band that is red here
    assert green == blue


def test_outlines_leave_the_inside_free(page):
    page.move(centre(0, 47))
    page.set(".overlay[data-layer=mask] input", 50)
    page.press("o")
    inside, edge = page.colours([centre(20, 10), centre(31, 2)])
    np.testing.assert_allclose(inside, 0, atol=1)
    np.testing.assert_allclose(edge, GROUND, atol=2)

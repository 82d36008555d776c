"""What the editor does with the mask as a whole, and what it remembers."""

import numpy as np

from tests.fakes.annotation_page import centre
from tests.fakes.annotation_patches import CLOUD, GROUND, SNOW, UNKNOWN, known, prediction


def test_undo_and_redo_by_keys_and_buttons(page, on_disk):
    page.set("#brush", 1)
    page.press("1")
    page.click(centre(2, 2))
    page.press("3")
    page.click(centre(4, 4), centre(6, 6))
    page.press("Control+z", "Control+z")
    page.click_on("#undo")
    page.press("Control+Shift+z", "Control+y")
    page.save()
    mask = known(40, 48)
    mask[2, 2], mask[4, 4] = CLOUD, SNOW
    np.testing.assert_array_equal(on_disk(), mask)
    page.click_on("#redo")
    page.save()
    assert on_disk()[6, 6] == SNOW


def test_undo_takes_back_a_stroke_that_is_being_drawn(page, on_disk):
    page.press("1")
    page.down(centre(10, 10))
    page.move(centre(20, 20))
    page.press("Control+z")
    page.move(centre(20, 30))
    page.up()
    page.save()
    np.testing.assert_array_equal(on_disk(), known(40, 48))


def test_saving_amid_a_stroke_saves_what_is_drawn(page, on_disk):
    page.press("1")
    page.set("#brush", 1)
    page.down(centre(10, 10))
    page.move(centre(10, 20))
    page.save()
    page.move(centre(10, 30))
    page.up()
    assert (on_disk()[10, 10:21] == CLOUD).all()
    assert (on_disk()[10, 21:] == GROUND).all()


def test_starting_over(page, on_disk):
    page.press("3")
    page.click(centre(5, 5))
    starts = {"prediction": prediction(40, 48), "nothing": np.full((40, 48), UNKNOWN), "known": known(40, 48)}
    for name, mask in starts.items():
        page.click_on(f"#take-{name}")
        page.save()
        np.testing.assert_array_equal(on_disk(), mask)


def test_settings_outlive_patches_and_reloads(page, served):
    page.set("#brush", 5)
    page.set("#tolerance", 33)
    page.press("o", "v")
    page.press("ArrowRight")
    page.wait("document.body.dataset.patch === '2'")
    page.open(served.address)
    assert page.evaluate("['brush', 'tolerance'].map((id) => document.getElementById(id).value)") == [
        "5",
        "33",
    ]
    assert page.evaluate("document.getElementById('outlines').checked")
    assert page.text("#pictures [aria-pressed=true]") == "False colour"

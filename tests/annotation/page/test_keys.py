"""Keys that depend on where they are pressed, and on how many classes there are."""

from products.class_table import ClassTable
from products.query_folder import record_of
from tests.fakes import annotation_patches
from tests.fakes.annotation_server import serve


def chosen(page):
    return page.text("#legend .chosen .name")


def test_digits_choose_classes_with_shift_the_next_nine(blank_page, tmp_path):
    folder = annotation_patches.write(tmp_path / "queries", 1, bare=True)
    many = ClassTable(name="many", classes={f"class {index}": index for index in range(20)})
    (folder.path / "queries.json").write_text(record_of(many, folder.queries, folder.bands))
    with serve(folder.path) as served:
        page = blank_page.open(served.address)
        found = []
        for key in ("1", "9", "Shift+1", "Shift+Digit9", "Numpad3", "0", "Shift+2"):
            page.press(key if "Shift" not in key else f"Shift+Digit{key[-1]}")
            found.append(chosen(page))
        page.leave()
    assert found == ["class 0", "class 8", "class 9", "class 17", "class 2", "unknown", "class 10"]


def test_arrows_move_a_slider_that_has_the_focus_and_not_the_patch(page):
    page.evaluate("document.getElementById('gamma').focus()")
    page.press("ArrowRight")
    assert page.data("patch") == "1"
    assert page.evaluate("document.getElementById('gamma').value") == "1.05"
    page.click((5.5, 5.5))  # the patch takes the keys back
    page.press("Control+z", "ArrowRight")
    page.wait("document.body.dataset.patch === '2'")


def test_brackets_change_the_brush_and_the_tolerance(page):
    page.set("#brush", 3)
    page.press("3", "8", "Shift+Digit5")  # digits without a class change nothing
    page.press("]", "]", "[")
    assert page.evaluate("document.getElementById('brush').value") == "4"
    # Behind a third level, as on a German keyboard, they are brackets and no digits.
    page.evaluate(
        "dispatchEvent(new KeyboardEvent('keydown', {key: ']', code: 'Digit1', ctrlKey: true, altKey: true,"
        " modifierAltGraph: true}))"
    )
    assert page.evaluate("document.getElementById('brush').value") == "5"
    page.press("f", "]")
    assert page.evaluate("document.getElementById('tolerance').value") == "17"
    assert page.evaluate("document.getElementById('brush').value") == "5"
    assert chosen(page) == "snow"


def test_keys_in_a_dialog_do_not_reach_the_patch(page):
    page.press("j")
    page.wait("document.getElementById('list').open")
    page.press("f", "3", "Control+z")
    page.press("Escape")
    assert page.evaluate("document.querySelector('#tools [aria-pressed=true]').dataset.tool") == "brush"
    assert chosen(page) == "cloud"

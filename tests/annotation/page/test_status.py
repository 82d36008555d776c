"""What the page says of a patch and of the pixel below the pointer."""

from tests.fakes.annotation_page import centre


def test_the_line_at_the_bottom(page):
    assert page.text("#status-id") == "T32TNS_20210126#100,0,40,48"
    assert page.text("#status-facts") == "40 \u00d7 48 px \u00b7 bald 0.500"
    assert page.text("#progress") == "1 / 3"
    page.press("ArrowRight")
    page.wait("document.body.dataset.patch === '2'")
    page.move(centre(12, 10))
    words = page.text("#status-pointer")
    assert "row 12, column 10" in words
    # Column 48 + 10 and row 100 + 12 of the scene, whose pixels have 10 m.
    assert "300585, 5198875 EPSG:32632" in words
    assert "ground predicted cloud" in words.replace("\n", " ")
    assert f"uncertainty {0.5 * 10 / 47:.3f}" in words
    assert "255 255 255" in words
    page.move((-3.0, 5.0))
    assert page.text("#status-pointer") == ""


def test_the_pages_title_and_strip_say_what_is_unsaved_and_done(page):
    assert page.evaluate("document.title") == "0001 · annotation"
    page.press("1")
    page.click(centre(5, 5))
    assert page.evaluate("document.title").startswith("•")
    page.save()
    states = page.evaluate(
        "[...document.querySelectorAll('#strip button')].map((cell) => cell.className.trim())"
    )
    assert states == ["edited current", "", ""]
    assert page.text("#toast") == "Saved. 2 to go"

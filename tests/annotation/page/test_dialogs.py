"""The list of patches and the table of keys."""


def test_the_list_filters_and_goes(page):
    page.press("j")
    assert page.evaluate("document.querySelectorAll('#list-rows li').length") == 3
    page.press("0", "0", "0", "3")
    assert page.evaluate("document.querySelectorAll('#list-rows li').length") == 1
    page.press("Enter")
    page.wait("document.body.dataset.patch === '3'")
    page.click_on("#list-open")
    assert page.text("#list-rows .current span") == "0003"
    page.click_on("#list-rows li:first-child button")
    page.wait("document.body.dataset.patch === '1'")


def test_a_filter_that_finds_nothing_goes_nowhere(page):
    page.press("j", "q", "Enter")
    assert not page.is_open("list")
    assert page.data("patch") == "1"


def test_the_keys_are_told(page):
    page.press("?")
    assert page.is_open("help")
    assert "lock the class" in page.text("#help")
    page.press("Escape")
    assert not page.is_open("help")

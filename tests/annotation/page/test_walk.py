"""From patch to patch: what is saved, where one gets, and that nothing unsaved is lost."""

import json

import numpy as np
import pytest

from tests.fakes.annotation_page import centre
from tests.fakes.annotation_patches import CLOUD, SNOW, WATER, known
from tests.fakes.annotation_server import serve


def paint(page, row=3, column=3, key="1"):
    page.press(key)
    page.set("#brush", 1)
    page.click(centre(row, column))


def at(page, number):
    page.wait(f"document.body.dataset.patch === '{number}'")


def test_saving_and_going_on(page, queries, on_disk):
    paint(page)
    assert page.data("saving") == "changed"
    page.press("Enter")
    at(page, 2)
    assert page.data("saving") == "new"
    assert page.text("#edited") == "1 edited"
    paint(page, 4, 4)
    page.click_on("#save-next")
    at(page, 3)
    page.press("Enter")  # a mask that is right as it is, is saved too
    page.wait("document.querySelectorAll('#strip .edited').length === 3")
    assert [on_disk(name)[row, row] for name, row in (("0001", 3), ("0002", 4))] == [CLOUD, CLOUD]
    np.testing.assert_array_equal(on_disk("0003"), known(40, 48))
    record = json.loads((queries.path / "edited" / "provenance.json").read_text())
    assert {stem: entry["changed_pixels"] for stem, entry in record.items()} == {
        "0001": 1,
        "0002": 1,
        "0003": 0,
    }


def test_what_was_saved_is_there_again(page, served):
    paint(page)
    page.press("Enter")
    at(page, 2)
    page.press("ArrowLeft")
    at(page, 1)
    assert page.data("saving") == "saved"
    page.move(centre(3, 3))
    assert "cloud" in page.text("#status-pointer")
    page.open(served.address)
    at(page, 2)  # the first that is not edited


@pytest.mark.parametrize(
    ("key", "arrives", "saved"), [("s", True, True), ("d", True, False), ("Escape", False, False)]
)
def test_unsaved_changes_are_guarded(page, queries, key, arrives, saved):
    paint(page)
    page.press("ArrowRight")
    page.wait("document.getElementById('unsaved').open")
    assert page.data("patch") == "1"
    page.press(key)
    page.wait("!document.getElementById('unsaved').open")
    if arrives:
        at(page, 2)
    else:
        assert page.data("saving") == "changed"
        page.press("Control+z")
        assert page.data("saving") == "new"  # back at the beginning there is nothing to lose
    assert (queries.path / "edited" / "0001.tif").exists() is saved


def test_an_open_polygon_is_unsaved_too(page, on_disk):
    page.press("p", "4")
    page.click((10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (10.0, 20.0))
    page.press("ArrowRight")
    page.wait("document.getElementById('unsaved').open")
    page.press("s")
    at(page, 2)
    assert (on_disk()[10:20, 10:20] == WATER).all()


def test_the_browser_asks_before_changes_are_left(page, served):
    page.leave()
    assert page.asked_before_leaving == 0
    page.open(served.address)
    paint(page)
    page.leave()
    assert page.asked_before_leaving == 1


def test_two_pages_do_not_overwrite_each_other_silently(page, another_page, served, on_disk):
    other = another_page().open(served.address)
    paint(page, 3, 3, "1")
    page.save()
    paint(other, 3, 3, "4")
    other.press("Control+s")
    other.wait("document.getElementById('conflict').open")
    assert on_disk()[3, 3] == CLOUD
    other.press("t")  # take theirs ...
    other.wait("document.body.dataset.saving === 'saved'")
    assert on_disk()[3, 3] == CLOUD
    other.press("Control+z")  # ... and mine is not lost
    other.save()
    assert on_disk()[3, 3] == WATER
    paint(page, 3, 3, "3")
    page.press("Control+s")
    page.wait("document.getElementById('conflict').open")
    page.press("Escape")
    page.wait("document.body.dataset.saving === 'changed'")
    assert on_disk()[3, 3] == WATER
    page.press("Control+s")
    page.wait("document.getElementById('conflict').open")
    page.press("o")
    page.wait("document.body.dataset.saving === 'saved'")
    assert on_disk()[3, 3] == SNOW
    page.errors.clear()  # the browser itself tells of the refused requests


def test_what_cannot_be_saved_stays_and_is_told(blank_page, queries):
    page = blank_page
    with serve(queries.path) as served:
        page.open(served.address)
        paint(page)
        (queries.path / "edited").rmdir()
        (queries.path / "edited").write_text("in the way")
        page.press("Enter")
        page.wait("!document.getElementById('notice').hidden")
        assert page.data("patch") == "1"
        assert page.data("saving") == "changed"
        assert page.text("#notice").startswith("Not saved, your changes are still here: ")
        (queries.path / "edited").unlink()
        page.save()
        paint(page, 5, 5)
    page.press("Control+s")
    page.wait("document.getElementById('notice').textContent.includes('The server does not answer')")
    assert page.data("saving") == "changed"
    page.errors.clear()  # the browser itself tells of the refused requests


def test_a_patch_that_cannot_be_read_is_named(page, queries):
    (queries.path / "masks" / "0003.tif").write_bytes(b"no raster")
    page.press("ArrowRight")
    at(page, 2)
    page.press("ArrowRight")
    page.wait("!document.getElementById('notice').hidden")
    assert "0003.tif: cannot be read" in page.text("#notice")
    assert page.data("patch") == "2"
    page.errors.clear()


def test_going_by_number_and_to_what_is_open(page):
    page.press("ArrowRight")
    at(page, 2)
    page.press("Enter")
    at(page, 3)
    page.press("n")
    at(page, 1)
    page.click_on("#strip button:nth-child(3)")
    at(page, 3)
    assert page.evaluate("location.search") == "?patch=3"
    assert "token" not in page.evaluate("location.href")


def test_without_the_token_the_page_says_what_to_do(blank_page, served):
    address = served.address.partition("#")[0]
    blank_page.open(f"{address}#token=wrong", state="failed")
    assert "Open the address that the command has printed" in blank_page.text("#notice")
    blank_page.errors.clear()


def test_what_is_painted_while_a_patch_loads_is_not_lost(page):
    script = """async () => {
        const { Walk } = await import('/walk.js');
        const opened = [];
        let arrive;
        const arrived = new Promise((resolve) => (arrive = resolve));
        const server = {
            patch: async () => ({pictures: [], layers: []}),
            layer: async () => { await arrived; return {bytes: new ArrayBuffer(4), revision: ''}; },
        };
        const mask = {state: 0, dirty: false, changing: false};
        const editor = {mask, polygonIsOpen: false, open: (patch) => opened.push(patch), finish() {}};
        const walk = new Walk(server, {patches: [{}, {}]}, editor);
        const first = walk.go(1);
        await new Promise((resolve) => setTimeout(resolve));
        Object.assign(mask, {state: 1});
        arrive();
        const answers = [await first];
        answers.push(await walk.go(1));
        return {answers, opened: opened.length, number: walk.number};
    }"""
    assert page.evaluate(script) == {"answers": [False, True], "opened": 1, "number": 1}

"""What the page does when its server goes away and comes back."""

import shutil

from tests.fakes.annotation_page import centre
from tests.fakes.annotation_patches import CLOUD
from tests.fakes.annotation_server import serve


def test_a_server_that_is_started_again_lets_the_page_go_on(
    blank_page, another_page, queries, on_disk, tmp_path
):
    page = blank_page
    with serve(queries.path) as served:
        page.open(served.address)
        page.press("1")
        page.click(centre(5, 5))
    other_folder = shutil.copytree(queries.path, tmp_path / "others")
    newer = another_page(page)
    with serve(other_folder, port=served.port, token="of-other-patches") as other:
        newer.open(other.address)
        page.press("Control+s")
        page.wait(
            "document.getElementById('notice').textContent.includes('the token is missing or of another call')"
        )
        assert page.data("saving") == "changed"
        assert list((other_folder / "edited").iterdir()) == []
        newer.leave()
    with serve(queries.path, port=served.port, token="of-the-second-start") as again:
        newer.open(again.address)
        page.save()
        page.leave()
        newer.leave()
    assert on_disk()[5, 5] == CLOUD
    page.errors.clear()  # the browser itself tells of refused requests


def test_the_token_leaves_the_address_and_reloads_work_without_it(page, served):
    assert page.evaluate("location.href").endswith("/?patch=1")
    page.open(served.address.partition("#")[0])
    assert page.data("patch") == "1"

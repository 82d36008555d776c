"""Zoom and pan: what is seen at a place is what is painted there, at any size of patch and window."""

import numpy as np
import pytest
import rasterio

from tests.fakes import annotation_patches
from tests.fakes.annotation_page import centre
from tests.fakes.annotation_patches import CLOUD, known
from tests.fakes.annotation_server import serve


def view(page):
    return [
        float(page.evaluate(f"document.getElementById('canvas').dataset.{name}"))
        for name in ("scale", "left", "top")
    ]


def test_the_whole_patch_fits_at_first_and_again(page):
    fitted = view(page)
    box = page.evaluate("(({clientWidth: w, clientHeight: h}) => [w, h])(document.getElementById('canvas'))")
    room = min((box[0] - 32) / 48, (box[1] - 32) / 40)
    assert room - 1 / 16 < fitted[0] <= room
    page.press("z")
    assert view(page)[0] == 1
    page.press("z")
    assert view(page) == fitted


def test_the_wheel_zooms_around_the_pointer(page):
    page.move(centre(7, 9))
    before, scale = page.screen(centre(7, 9)), view(page)[0]
    page.wheel(centre(7, 9), -240)
    page.wait(f"Number(document.getElementById('canvas').dataset.scale) > {scale}")
    np.testing.assert_allclose(page.screen(centre(7, 9)), before, atol=0.6)


def test_painting_hits_the_pixel_below_the_pointer_after_zoom_and_pan(page, on_disk):
    page.press("1")
    page.set("#brush", 1)
    page.press("+", "+", "+")
    page.drag([centre(20, 20), centre(12, 10)], button="middle")
    page.hold("Space")
    page.drag([centre(20, 20), centre(22, 24)])
    page.let_go("Space")
    page.press("h")
    page.drag([centre(20, 20), centre(21, 24)])
    page.press("b")
    page.click(centre(19, 23))
    page.save()
    mask = known(40, 48)
    mask[19, 23] = CLOUD
    np.testing.assert_array_equal(on_disk(), mask)


def test_the_patch_cannot_be_lost(page):
    page.press("h")
    for _ in range(3):
        page.drag([(1.0, 1.0), (40.0, 39.0)])
    _, left, top = view(page)
    width, height = page.evaluate(
        "(({clientWidth: w, clientHeight: h}) => [w, h])(document.getElementById('canvas'))"
    )
    assert left <= width - 48
    assert top <= height - 48


@pytest.mark.parametrize(("height", "width"), [(33, 47), (1024, 1024)])
def test_patches_of_any_size(blank_page, tmp_path, height, width):
    folder = annotation_patches.write(tmp_path / "queries", 1, height, width).path
    with serve(folder) as served:
        page = blank_page.open(served.address)
        page.press("p", "1")
        page.click((0.0, 0.0), (float(width), 0.0), (float(width), float(height)))
        page.press("Enter")
        page.save()
        page.leave()
    with rasterio.open(folder / "edited" / "0001.tif") as file:
        mask = file.read(1)
    rows, columns = np.mgrid[:height, :width] + 0.5
    below = columns / width - rows / height  # corners are hit to a fraction of a screen pixel
    assert (mask[below > 0.01] == CLOUD).all()
    np.testing.assert_array_equal(mask[below < -0.01], known(height, width)[below < -0.01])

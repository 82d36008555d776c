from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.derivation.distortion import Distortion
from synthesis.toy.derivation.stage import Draws
from synthesis.toy.layout import open_product

DRAWS = Draws(1, 3, "product", 1)


@pytest.mark.parametrize(("length", "first", "size"), [(337, 40, 256), (2689, 320, 2048)])
def test_the_crop_is_the_published_one(length: int, first: int, size: int) -> None:
    start, places = Distortion().positions(length)
    assert (start, len(places)) == (first, size)
    assert Distortion().prepare((8, length, 1), DRAWS).shape == (8, size, 1)
    assert Distortion(axis=0).prepare((length, 8, 2), DRAWS).shape == (size, 8, 2)


def test_places_follow_the_sigmoid_at_the_knots() -> None:
    first, places = Distortion(mesh_columns=337).positions(337)  # a knot nearly every pixel
    x = np.arange(first, first + 256)[1:]
    exact = 337 / 2 - 337 / 4 * np.log(337 / x - 1)  # the sigmoid, inverted
    assert np.isnan(places[0])  # column 40 lies outside of the image, which begins at 40.17
    np.testing.assert_allclose(places[1:], exact, atol=0.02)
    _, coarse = Distortion().positions(337)
    assert 1 < np.abs(coarse[1:] - exact).max() < 20


@pytest.mark.parametrize("axis", [0, 1])
def test_linear_images_are_interpolated_exactly(axis: int) -> None:
    shape = (6, 50, 2) if axis else (50, 6, 2)
    ramp = np.broadcast_to(np.arange(50, dtype=np.float32).reshape((1, 50, 1) if axis else (50, 1, 1)), shape)
    frame = ramp + np.array([0, 100], np.float32)
    distortion = Distortion(axis=axis, mesh_rows=5, mesh_columns=5)
    _, places = distortion.positions(50)
    warped = distortion.prepare(shape, DRAWS).image(frame, 0)
    lines = warped if axis else warped.transpose(1, 0, 2)
    inside = places <= 49
    for band in (0, 1):
        np.testing.assert_allclose(lines[0, inside, band], places[inside] + 100 * band, rtol=1e-6)
    assert (lines == lines[:1]).all()
    beyond = places > 49  # between the last pixel and the outside, which is 0
    np.testing.assert_allclose(lines[0, beyond, 0], 49 * (50 - places[beyond]), rtol=1e-4)
    assert (lines[:, np.isnan(places)] == 0).all()


def test_labels_take_the_nearest_pixel() -> None:
    labels = np.stack([np.tile(np.arange(1, 51), (3, 1))] * 2, axis=-1).astype(np.int16)
    distortion = Distortion()
    _, places = distortion.positions(50)
    warped = distortion.prepare((3, 50, 1), DRAWS).labels(labels)
    nearest = np.where(np.isnan(places), 0, np.rint(np.nan_to_num(places)) + 1)
    nearest[nearest > 50] = 0
    np.testing.assert_array_equal(warped[1, :, 0], nearest)
    np.testing.assert_array_equal(warped[1, :, 1], nearest)
    assert warped.dtype == np.int16
    assert (labels[0, :, 0] == np.arange(1, 51)).all()


@pytest.mark.real
def test_the_original_is_matched_to_rounding(toy_reference: Path) -> None:
    latent, clean = (open_product(toy_reference / f"{name}_optical") for name in ("latent", "clean"))
    prepared = Distortion().prepare(latent.shape, DRAWS)
    error = np.abs(prepared.image(latent.frame(5).astype(np.float32), 5) - clean.frame(5)).max(axis=2)
    # One pixel that the original's search for triangles lost is 0 there.
    lost = (255, 95)
    assert (clean.frame(5)[lost] == 0).all()
    error[lost] = 0
    assert error.max() < 5e-7
    # The original interpolates labels linearly and cuts them: 2.0 and 1.1 % of them are wrong.
    wrong = (prepared.labels(latent.annotation(5)) != clean.annotation(5)).mean(axis=(0, 1))
    np.testing.assert_allclose(wrong, [0.020, 0.011], atol=0.001)


@pytest.mark.parametrize(
    "options", [{"axis": 2}, {"mesh_rows": 1}, {"mesh_columns": 2.5}, {"growth": 0}, {"growth": "steep"}]
)
def test_bad_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"distortion.{next(iter(options))} is"):
        Distortion(**options)


def test_a_growth_that_leaves_nothing_is_named() -> None:
    for growth, length in ((1e-6, 51), (1e3, 50)):
        with pytest.raises(UserError, match=r"distortion\.growth is .* leaves no image"):
            Distortion(growth=growth).positions(length)

import numpy as np
import pytest

from errors import UserError
from inference.nodata import (
    FILL_MARGIN,
    FilledSource,
    checked_mask_value,
    decode_masks,
    encode_masks,
    missing_pixels,
    restore,
)
from inference.sources import ArraySource
from inference.windows import TileGrid
from products.specification import ImageSpecification
from products.window import Window


def masks(kind: str) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    none = np.zeros((3, 21, 33), bool)
    patch = none.copy()
    patch[:, 4:9, 7:20] = True
    ragged = generator.random(none.shape) < 0.3
    return {
        "none": (none, none), "all": (~none, none), "shared": (patch, none), "per band": (ragged, none),
        "both": (patch, ragged & ~patch), "only nan": (none, ragged),
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["none", "all", "shared", "per band", "both", "only nan"])
def test_masks_come_back(kind: str) -> None:
    nodata, not_finite = masks(kind)
    coded = encode_masks(nodata, not_finite)
    assert (coded == b"") == (kind == "none")
    assert kind != "all" or len(coded) < 10
    again = decode_masks(coded, nodata.shape)
    np.testing.assert_array_equal(again[0], nodata)
    np.testing.assert_array_equal(again[1], not_finite)


def test_masks_of_another_shape_are_refused() -> None:
    coded = encode_masks(*masks("per band"))
    with pytest.raises(ValueError, match="expected"):
        decode_masks(coded, (3, 210, 330))
    with pytest.raises(ValueError, match="unknown kind"):
        decode_masks(b"\x01\x00\x00\x00\x09\x00", (3, 21, 33))


def test_missing_pixels_of_floats() -> None:
    pixels = np.array([[[1.0, np.nan, -9999.0, np.inf]]], np.float32)
    nodata, not_finite = missing_pixels(pixels, -9999.0)
    assert nodata.tolist() == [[[False, False, True, False]]]
    assert not_finite.tolist() == [[[False, True, False, True]]]


def test_restored_pixels_are_missing_where_they_were_and_nowhere_else() -> None:
    nodata = np.zeros((1, 2, 3), bool)
    nodata[0, 0, 0] = True
    decoded = np.array([[[50, 0, 1], [2, 0, 0]]], np.uint8)
    restored = restore(decoded, encode_masks(nodata, np.zeros_like(nodata)), 0)
    assert restored.tolist() == [[[0, 1, 1], [2, 1, 1]]]
    assert restore(np.array([[[255]]], np.uint8), b"", 255).tolist() == [[[254]]]


def test_filling_is_smooth_finite_and_the_same_for_any_window() -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(400, 600, (2, 200, 180)).astype(np.uint16)
    pixels[:, :, :70] = 0
    pixels[0, 100:110, 100:130] = 0
    specification = ImageSpecification(("a", "b"), "uint16", (0, 1000))
    source = FilledSource(ArraySource(pixels), specification, 0)
    whole = source.read(Window(0, 0, 200, 180))
    valid = pixels != 0
    np.testing.assert_array_equal(whole[valid], specification.normalise(pixels)[valid])
    hole = whole[0, 100:110, 100:130]
    assert hole.min() > 0.4 and hole.max() < 0.6, "a hole takes the values around it"
    assert whole[:, :, 69].min() > 0.4, "no step at the border"
    assert abs(whole[:, :, : 70 - FILL_MARGIN - 2]).max() < 1e-3
    for tile in TileGrid(200, 180, 64):
        rows, columns = tile.inside(Window(0, 0, 200, 180))
        np.testing.assert_allclose(source.read(tile), whole[:, rows, columns], atol=1e-6)


def test_nodata_that_pixels_cannot_hold_masks_nothing() -> None:
    assert checked_mask_value(-9999, "uint8", "f") is None
    assert checked_mask_value(float("nan"), "uint16", "f") is None
    assert checked_mask_value(0, "uint8", "f") == 0
    assert checked_mask_value(-3.4e38, "float32", "f") == float(np.float32(-3.4e38))
    with pytest.raises(UserError, match="inf as nodata"):
        checked_mask_value(float("inf"), "float32", "f")

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from products.degradation import block_count, degrade, source_window
from products.window import Window


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 4000, shape).astype(np.float32)


@pytest.mark.parametrize("factor", [2, 3, 4, 6])
def test_blur_then_mean_over_blocks(factor):
    pixels = image(2, 4 * factor + 1, 5 * factor)  # the odd row is left out
    blurred = gaussian_filter(pixels.astype(float), (0, 1 / factor, 1 / factor), mode="reflect", truncate=4)
    expected = blurred[:, : 4 * factor].reshape(2, 4, factor, 5, factor).mean((2, 4))
    found = degrade(pixels, factor)
    assert found.shape == (2, 4, 5) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=3e-3)


def test_half_a_pixel_further_a_block_has_the_weights_1_2_1():
    """Landsat's panchromatic band, brought onto the 30 m grid."""
    impulse = np.zeros((1, 9, 9), np.float32)
    impulse[0, 4, 4] = 1
    blurred = gaussian_filter(impulse[0].astype(float), 0.5, mode="reflect", truncate=4)
    weights = np.array([0.25, 0.5, 0.25])
    expected = [
        [weights @ blurred[2 * r : 2 * r + 3, 2 * c : 2 * c + 3] @ weights for c in range(4)]
        for r in range(4)
    ]
    found = degrade(impulse, 2, row_offset=0.5, column_offset=0.5)
    assert found.shape == (1, 4, 4)
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_a_linear_ramp_is_seen_at_the_centres_of_the_blocks():
    ramp = np.broadcast_to(np.arange(41, dtype=np.float32)[:, None], (1, 41, 41))
    inner = slice(3, -3)
    centres = (
        2 * np.arange(20) + 0.5 + 0.5
    )  # pixel numbers: the box [2 j + .5, 2 j + 2.5) has its centre at 2 j + 1
    found = degrade(ramp, 2, row_offset=0.5)[0, :, 0]
    np.testing.assert_allclose(found[inner], centres[inner], atol=1e-4)


@pytest.mark.parametrize(
    ("size", "offset", "count"), [(1207, 0.5, 603), (603, 0.5, 301), (7, 0, 3), (7, -0.5, 3)]
)
def test_only_whole_blocks_count(size, offset, count):
    assert block_count(size, 2, offset) == count


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_a_block_is_valid_where_all_its_pixels_are_and_holes_do_not_leak(offset):
    pixels = np.full((2, 13, 13), 1000, np.float32)
    valid = np.ones(pixels.shape, bool)
    valid[0, 4, 4] = False
    pixels[0, 4, 4] = np.nan
    found, whole = degrade(pixels, 2, row_offset=offset, column_offset=offset, valid=valid)
    np.testing.assert_allclose(found, 1000, rtol=1e-5)  # neither NaN nor 0 came through
    # With half a pixel, row 4 belongs to [2.5, 4.5) and to [4.5, 6.5).
    blocks = [(1, 1), (1, 2), (2, 1), (2, 2)] if offset else [(2, 2)]
    assert [tuple(place) for place in np.argwhere(~whole[0]).tolist()] == blocks
    assert whole[1].all()


def test_a_block_of_holes_is_zero_and_one_that_reaches_beyond_is_invalid():
    pixels = np.full((1, 24, 24), 7, np.float32)
    valid = np.zeros(pixels.shape, bool)
    found, whole = degrade(pixels, 2, valid=valid)
    assert not found.any() and not whole.any()
    _, whole = degrade(pixels, 2, row_offset=-0.5, valid=~valid)
    assert not whole[:, 0].any() and whole[:, 1:].all()


@pytest.mark.parametrize(("factor", "offset"), [(2, 0.0), (2, 0.5), (4, 0.0), (6, 0.0)])
def test_windows_are_the_whole_bit_for_bit(factor, offset):
    pixels = image(1, 8 * factor + 1, 7 * factor + 1)
    options = {"row_offset": offset, "column_offset": offset}
    everything = degrade(pixels, factor, **options)
    shape = everything.shape[1:]
    for row in range(0, shape[0], 3):
        for column in range(0, shape[1], 2):
            window = Window(row, column, 3, 2).clip(*shape)
            source, row_offset, column_offset = source_window(window, factor, pixels.shape[1:], **options)
            rows, columns = source.inside(Window(0, 0, *pixels.shape[1:]))
            cut = degrade(
                pixels[:, rows, columns], factor, row_offset=row_offset, column_offset=column_offset
            )
            rows, columns = window.inside(Window(0, 0, *shape))
            assert np.array_equal(cut[:, : window.height, : window.width], everything[:, rows, columns])


def test_an_image_smaller_than_a_block_is_refused():
    with pytest.raises(ValueError, match="no blocks of 6"):
        degrade(image(1, 5, 12), 6)


@pytest.mark.real
@pytest.mark.parametrize("factor", [2, 4, 6])
def test_reference_vectors(real_data: Path, factor: int):
    vectors = np.load(real_data.parent / "specs" / "reference" / "wald_ops_io.npz")
    found = degrade(vectors["x"].transpose(2, 0, 1), factor)
    np.testing.assert_allclose(found, vectors[f"down{factor}"].transpose(2, 0, 1), atol=3e-3)

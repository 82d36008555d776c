from pathlib import Path

import numpy as np
import pytest
import torch

from products.grid import GridRelation
from products.resampling import coarse_window_for, upsample
from products.window import Window

ORDERS = ("bilinear", "bicubic")


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 4000, shape).astype(np.float32)


def whole(pixels: np.ndarray, relation: GridRelation, fine: Window, order) -> np.ndarray:
    return upsample(pixels, relation, Window(0, 0, *pixels.shape[1:]), fine, order=order)


@pytest.mark.parametrize("factor", [2, 3, 4, 6])
def test_bilinear_is_that_of_torch(factor):
    pixels = image(2, 5, 7)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(pixels)[None], scale_factor=factor, mode="bilinear", align_corners=False
    )[0]
    found = whole(pixels, GridRelation(factor), Window(0, 0, 5 * factor, 7 * factor), "bilinear")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-6, atol=1e-3)


def test_bicubic_of_a_row_by_hand():
    # Keys at distances 0.25, 0.75, 1.25, 1.75 with a = -0.5.
    near, far, beyond, last = 0.8671875, 0.2265625, -0.0703125, -0.0234375
    row = np.array([[[100, 200, 400, 800]]], np.float32)
    found = whole(row, GridRelation(2), Window(0, 0, 2, 8), "bicubic")[0, 0]
    # Pixel 3 lies a quarter to the right of the second cell, pixel 0 a quarter to the left of the first.
    assert found[3] == pytest.approx(last * 800 + beyond * 100 + far * 400 + near * 200, abs=1e-3)
    assert found[0] == pytest.approx(near * 100 + far * 100 + beyond * 200 + last * 200, abs=1e-3)


@pytest.mark.parametrize("order", ORDERS)
def test_a_shifted_grid_is_sampled_at_the_centres_of_the_fine_pixels(order):
    """Landsat: the panchromatic grid begins half a pixel before that of the others."""
    columns = np.arange(8, dtype=np.float32)
    ramp = np.broadcast_to(columns, (1, 8, 8))  # the value is the number of the coarse column
    found = whole(ramp, GridRelation(2, 0.5, 0.5), Window(4, 4, 6, 6), order)
    # The centre of coarse column j is at 2 j + 1.5 fine pixels.
    np.testing.assert_allclose(found[0, 0], (np.arange(4, 10) + 0.5 - 1.5) / 2, atol=1e-5)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("relation", [GridRelation(2), GridRelation(6), GridRelation(2, 0.5, 0.5)])
def test_tiles_are_the_whole_bit_for_bit(order, relation):
    pixels = image(2, 9, 8)
    size = (9 * relation.factor + 1, 8 * relation.factor + 1)  # one more than the cells cover
    everything = whole(pixels, relation, Window(0, 0, *size), order)
    for row in range(0, size[0], 5):
        for column in range(0, size[1], 7):
            fine = Window(row, column, 5, 7).clip(*size)
            cells = coarse_window_for(fine, relation, (9, 8), order)
            assert cells.clip(9, 8) == cells
            rows, columns = cells.inside(Window(0, 0, 9, 8))
            tile = upsample(pixels[:, rows, columns], relation, cells, fine, order=order)
            rows, columns = fine.inside(Window(0, 0, *size))
            assert np.array_equal(tile, everything[:, rows, columns])


def test_only_the_needed_cells_are_asked_for():
    assert coarse_window_for(Window(8, 12, 4, 2), GridRelation(2), (50, 50)) == Window(3, 5, 4, 3)
    assert coarse_window_for(Window(8, 12, 4, 2), GridRelation(2), (50, 50), "bicubic") == Window(2, 4, 6, 5)
    assert coarse_window_for(Window(0, 0, 2, 2), GridRelation(2), (50, 50)) == Window(0, 0, 2, 2)


def test_cells_and_their_window_must_agree():
    with pytest.raises(ValueError, match="for the window 0,0,4,5"):
        upsample(image(1, 5, 4), GridRelation(2), Window(0, 0, 4, 5), Window(0, 0, 2, 2))


@pytest.mark.real
@pytest.mark.parametrize("factor", [2, 6])
def test_reference_vectors(real_data: Path, factor: int):
    vectors = np.load(real_data.parent / "specs" / "reference" / "wald_ops_io.npz")
    coarse = vectors[f"down{factor}"].transpose(2, 0, 1)
    fine = Window(0, 0, *coarse.shape[1:]).scale(factor)
    cubic = vectors[f"bicubic_imresize_up{factor}_of_down{factor}"].transpose(2, 0, 1)
    np.testing.assert_allclose(whole(coarse, GridRelation(factor), fine, "bicubic"), cubic, atol=3e-3)
    linear = vectors[f"bilinear_up{factor}_of_down{factor}_chw"]
    inner = (slice(None), slice(factor, -factor), slice(factor, -factor))  # they mirror, we repeat the edge
    found = whole(coarse, GridRelation(factor), fine, "bilinear")
    np.testing.assert_allclose(found[inner], linear[inner], atol=5e-3)

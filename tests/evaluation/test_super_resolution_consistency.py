"""Degraded results against what they were made from."""

import numpy as np
import pytest

from evaluation.super_resolution_consistency import ConsistencySums
from products.degradation import degrade
from products.grid import GridRelation


def _fine(seed: int = 0, side: int = 36) -> np.ndarray:
    return np.random.default_rng(seed).normal(2000, 300, (2, side, side)).astype(np.float32)


@pytest.mark.parametrize("relation", [GridRelation(2), GridRelation(6), GridRelation(2, 0.5, 0.5)])
def test_the_very_image_behind_a_coarse_one_is_consistent(relation: GridRelation) -> None:
    fine = _fine()
    coarse = degrade(
        fine, relation.factor, row_offset=relation.row_offset, column_offset=relation.column_offset
    )
    valid = np.ones(coarse.shape, bool)
    found = ConsistencySums.of(fine, coarse, valid, relation)
    assert found.rmse() == [0.0, 0.0] and found.pixels.tolist() == [coarse[0].size] * 2
    off = ConsistencySums.of(fine, coarse + np.array([[[3.0]], [[-7.0]]], np.float32), valid, relation)
    assert off.rmse() == pytest.approx([3.0, 7.0], rel=1e-4) and off.mean() == pytest.approx(5.0, rel=1e-4)
    assert (off + found).rmse() == pytest.approx([3 / np.sqrt(2), 7 / np.sqrt(2)], rel=1e-4)


def test_what_lies_beside_a_hole_does_not_count() -> None:
    fine = _fine(1)
    coarse = degrade(fine, 2)
    fine[0, 10:12, 10:12] = 1e6  # what a network may put into the hole, and the blur carries out of it
    valid = np.ones(coarse.shape, bool)
    valid[0, 5, 5] = False
    found = ConsistencySums.of(fine, coarse, valid, GridRelation(2))
    assert found.pixels.tolist() == [18 * 18 - 9, 18 * 18]
    assert found.rmse() == pytest.approx([0, 0], abs=1e-9)


def test_no_number_and_no_pixel() -> None:
    fine = _fine(2)
    coarse = degrade(fine, 2)
    fine[0, 3, 3] = np.nan
    found = ConsistencySums.of(fine, coarse, np.ones(coarse.shape, bool), GridRelation(2))
    assert found.rmse() == [None, 0.0] and found.mean() is None
    nothing = ConsistencySums.of(fine, coarse, np.zeros(coarse.shape, bool), GridRelation(2))
    assert nothing.rmse() == [None, None] and nothing.mean() is None


def test_grids_half_a_pixel_apart_may_lack_the_last_cell() -> None:
    fine, relation = _fine(3), GridRelation(2, 0.5, 0.5)
    inner = degrade(fine, 2, row_offset=0.5, column_offset=0.5)
    coarse = np.pad(inner, ((0, 0), (0, 1), (0, 1)))
    found = ConsistencySums.of(fine, coarse, np.ones(coarse.shape, bool), relation)
    assert found.pixels.tolist() == [17 * 17] * 2 and found.rmse() == [0.0, 0.0]
    with pytest.raises(ValueError, match="does not cover"):
        ConsistencySums.of(fine, coarse[:, :, :4].repeat(9, 2), np.ones((2, 18, 36), bool), relation)

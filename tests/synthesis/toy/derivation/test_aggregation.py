from typing import Any

import numpy as np
import pytest

from errors import UserError
from synthesis.toy.derivation.aggregation import Aggregation, majority


def test_plain_means_of_blocks() -> None:
    frame = np.random.default_rng(0).random((12, 8, 2), dtype=np.float32)
    found = Aggregation(block_px=4).prepare(frame.shape).image(frame)
    np.testing.assert_allclose(found, frame.reshape(3, 4, 2, 4, 2).mean(axis=(1, 3)), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"block_px": 8}, (32, 42)),
        ({"block_px": 5.12}, (50, 66)),
        ({"block_px": 1000}, (1, 1)),
        ({"size": [50, 50]}, (50, 50)),
        ({"size": (300, 400)}, (300, 400)),
    ],
)
@pytest.mark.parametrize("sigma", [None, 1.5])
@pytest.mark.parametrize("beyond_block", [False, True])
def test_any_ratio_keeps_ground_and_constants(
    options: dict[str, Any], size: tuple[int, int], sigma: float | None, beyond_block: bool
) -> None:
    stage = Aggregation(**options, point_spread_sigma_px=sigma, beyond_block=beyond_block)
    prepared = stage.prepare((256, 337, 2))
    assert stage.output_size(256, 337) == size
    assert prepared.shape == (*size, 2)
    constant = prepared.image(np.full((256, 337, 2), 0.3, np.float32))
    assert constant.shape == (*size, 2)
    np.testing.assert_allclose(constant, 0.3, rtol=1e-5)


def brute_force(annotation: np.ndarray, rows: int, columns: int) -> np.ndarray:
    height, width = annotation.shape[:2]
    found = np.zeros((rows, columns), int)
    for row in range(rows):
        for column in range(columns):
            cells = [
                annotation[i, j, 0]
                for i in range(height)
                for j in range(width)
                if int((i + 0.5) * rows / height) == row and int((j + 0.5) * columns / width) == column
            ]
            found[row, column] = np.bincount(cells).argmax()
    return found


@pytest.mark.parametrize("size", [(4, 3), (5, 7), (20, 18), (1, 1), (19, 2)])
def test_the_majority_wins_and_brings_its_class(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    cells = np.repeat(np.repeat(rng.integers(0, 6, (7, 6)), 3, axis=0), 3, axis=1)[:20, :18]
    classes = np.array([0, 2, 1, 1, 2, 3])
    labels = np.stack([cells, classes[cells]], axis=-1).astype(np.int16)
    found = majority(labels, *size)
    assert (found.shape, found.dtype) == ((*size, 2), np.int16)
    np.testing.assert_array_equal(found[..., 0], brute_force(labels, *size))
    np.testing.assert_array_equal(found[..., 1], classes[found[..., 0]])


def test_wrong_classes_of_the_source_are_outvoted() -> None:
    labels = np.full((4, 4, 2), (3, 2), np.int16)
    labels[0, :2, 1] = 1
    assert (majority(labels, 2, 2) == (3, 2)).all()


def test_smaller_pixels_take_the_nearest() -> None:
    labels = np.array([[[1, 1], [2, 2]]], np.int16)
    np.testing.assert_array_equal(majority(labels, 1, 4)[..., 0], [[1, 1, 2, 2]])
    np.testing.assert_array_equal(majority(labels, 2, 1)[..., 0], [[1], [1]])
    assert (majority(np.zeros((3, 3, 2), np.int16), 2, 2) == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "size is None and aggregation.block_px None: expected one"),
        ({"size": [3, 3], "block_px": 2}, "expected one of them"),
        ({"size": [3, 0]}, r"aggregation.size is \[3, 0\]"),
        ({"size": 3}, "aggregation.size is 3"),
        ({"block_px": -1}, "aggregation.block_px is -1"),
        ({"block_px": 2, "point_spread_sigma_px": 0}, "aggregation.point_spread_sigma_px is 0"),
        ({"block_px": 2, "beyond_block": 1}, "aggregation.beyond_block is 1"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Aggregation(**options)

"""Numbers and colours of maps of differences."""

import numpy as np
import pytest

from errors import UserError
from evaluation.difference_map import check_classes, difference_map, difference_palette
from products.class_table import ClassTable


def _table(count: int) -> ClassTable:
    classes = {f"c{i}": {"values": [i], "colour": [10 * i, 0, 101]} for i in range(count)}
    return ClassTable(name="many", classes=classes)


def test_numbers_are_prediction_times_classes_plus_label() -> None:
    prediction, truth = np.array([[14, 0, 255, 3]], np.uint8), np.array([[14, 14, 0, 255]], np.uint8)
    numbers = difference_map(prediction, truth, 15)
    assert numbers.dtype == np.uint8 and numbers.tolist() == [[224, 14, 255, 255]]


def test_colours_are_means_without_fractions() -> None:
    palette = difference_palette(_table(4))
    assert len(palette) == 17 and palette[255] == (0, 0, 0, 0)
    assert palette[1 * 4 + 2] == (15, 0, 101, 255) == palette[2 * 4 + 1]
    assert palette[3 * 4 + 3] == (30, 0, 101, 255)


def test_a_byte_has_room_for_fifteen_classes() -> None:
    check_classes(_table(15))
    assert max(set(difference_palette(_table(15))) - {255}) == 224
    with pytest.raises(UserError, match="found 16 classes, expected at most 15"):
        check_classes(_table(16))

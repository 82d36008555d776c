import hydra
import numpy as np
import pytest
from omegaconf import OmegaConf

from errors import UserError
from products.class_table import IGNORE, ClassTable

CLASSES = {
    "cloud": {"values": [4, 5], "colour": [255, 0, 0]},
    "ground": {"values": [3], "colour": [112, 153, 89]},
    "none": {"values": [300, -1], "colour": [0, 0, 0]},
}
TABLE = ClassTable(name="mine", classes=CLASSES, ignore=(0, 255))


def test_numbers_become_indices_in_the_order_of_the_table():
    stored = np.array([[4, 5, 3], [0, 255, 3]])
    for dtype in ("uint8", "int16", "uint16", "int64", "float32", "float64"):
        indices = TABLE.encode(stored.astype(dtype), "f")
        assert indices.dtype == np.uint8
        assert indices.tolist() == [[0, 0, 1], [255, 255, 1]]


def test_numbers_beyond_a_byte_and_below_0_are_known():
    assert TABLE.encode(np.array([300, -1, 3], np.int16), "f").tolist() == [2, 2, 1]


def test_nan_is_no_class_and_nothing_is_no_trouble():
    assert TABLE.encode(np.array([np.nan, 3.0]), "f").tolist() == [255, 1]
    assert TABLE.encode(np.zeros((0, 4), np.uint8), "f").shape == (0, 4)


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (np.array([9, 3, 9], np.uint8), "found 9, which"),
        (np.array([3.5]), "found 3.5, which"),
        (np.arange(10, 20), "found 10, 11, 12, 13, 14 and 5 more, which"),
    ],
)
def test_unknown_numbers_are_named(numbers, found):
    with pytest.raises(
        UserError, match=f"mask.tif: {found} classes=mine does not know; expected 4/5 cloud, 3 ground"
    ):
        TABLE.encode(numbers, "mask.tif")


def test_a_table_tells_its_classes():
    assert len(TABLE) == 3
    assert TABLE.names == ("cloud", "ground", "none")
    assert str(TABLE) == "4/5 cloud, 3 ground, 300/-1 none, 0/255 ignored"
    assert str(ClassTable(name="mine", classes=CLASSES, ignore=())) == "4/5 cloud, 3 ground, 300/-1 none"


def test_the_palette_has_a_colour_for_each_index_and_none_for_what_is_unknown():
    assert TABLE.palette() == {
        0: (255, 0, 0, 255),
        1: (112, 153, 89, 255),
        2: (0, 0, 0, 255),
        IGNORE: (0, 0, 0, 0),
    }


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"a": CLASSES["cloud"]}, "found 1, expected 2 to 254"),
        ({**CLASSES, "b": {"values": [3], "colour": [0, 0, 0]}}, "3 stands for b and for another"),
        ({**CLASSES, "b": {"values": [255], "colour": [0, 0, 0]}}, "255 stands for b and for another"),
        ({**CLASSES, "b": {"values": [9], "colour": [0, 256, 0]}}, r"mine.b: found \[0, 256, 0\]"),
        ({**CLASSES, "b": {"values": [9], "colour": [0, 0]}}, r"mine.b: found \[0, 0\]"),
    ],
)
def test_a_table_that_cannot_be_is_one_sentence(classes, message):
    with pytest.raises(UserError, match=message):
        ClassTable(name="mine", classes=classes, ignore=(0, 255))


def test_classes_may_be_written_short():
    short = ClassTable(name="short", classes={"forest": 1, "water": [2, 3], "ice": {"values": [4]}})
    assert short.values == ((1,), (2, 3), (4,))
    assert len(set(short.colours)) == 3
    for wrong in ("1", 1.5, {"colour": [0, 0, 0]}, [1, "2"]):
        with pytest.raises(UserError, match=r"classes: short.b: found .*expected a number"):
            ClassTable(name="short", classes={"a": 1, "b": wrong})


def test_every_table_of_the_catalogue_can_be_made(repository):
    files = sorted((repository / "conf" / "classes").glob("*.yaml"))
    assert len(files) >= 5
    for file in files:
        config = OmegaConf.load(file)
        if OmegaConf.is_missing(config, "classes"):
            config.classes = {"forest": 1, "water": [2, 3]}
        table = hydra.utils.instantiate(config)
        assert isinstance(table, ClassTable)
        assert len(set(table.colours)) == len(table)
        numbers = np.array([values[-1] for values in table.values])
        assert table.encode(numbers, "f").tolist() == list(range(len(table)))

from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from products.grid import Grid
from products.product import Product
from products.sensor import Sensor
from products.window import Window

BANDS = {
    "F": {"ground_sample_distance_m": 10},
    "C2": {"ground_sample_distance_m": 20, "description": "C2 (705 nm)"},
    "C1": {"ground_sample_distance_m": 20},
}


class InMemory(Product):
    """Both groups of a sensor as arrays."""

    def __init__(self, path: Path, sensor: Sensor, offsets=None) -> None:
        super().__init__(path, path.stem, sensor, {20: Grid(2, 2), 10: Grid(4, 4)}, offsets=offsets)
        self.arrays = {
            10: np.arange(16, dtype="uint16").reshape(1, 4, 4),
            20: np.full((2, 2, 2), 1500, "uint16"),
        }

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        rows, columns = window.inside(Window(0, 0, *self.grids[ground_sample_distance_m].shape))
        return self.arrays[ground_sample_distance_m][:, rows, columns]


class TextReader:
    kind = "a text file"

    def recognises(self, path: Path) -> bool:
        return path.suffix == ".txt"

    def open(self, path: Path, sensor: Sensor) -> Product:
        return InMemory(path, sensor)


def sensor(**changes) -> Sensor:
    facts = {
        "name": "toy",
        "bands": BANDS,
        "dtype": "uint16",
        "nodata": 0,
        "valid_range": [1, 65535],
        "readers": [TextReader()],
    }
    return Sensor(**{**facts, **changes})


def test_groups_are_by_ground_sample_distance_in_the_order_of_the_config():
    toy = sensor()
    assert toy.ground_sample_distances_m == (10, 20)
    assert [band.label for band in toy.group(20)] == ["C2 (705 nm)", "C1"]
    assert toy.inputs_of(20) == {10: ("F",), 20: ("C2", "C1")}
    assert toy.factor(20) == 2


@pytest.mark.parametrize("target", [10, 30])
def test_only_a_coarser_grid_can_be_sharpened(target: int):
    with pytest.raises(UserError, match=f"no {target} m bands to sharpen; expected one of 20"):
        sensor().inputs_of(target)


def test_a_product_is_opened_by_the_reader_that_knows_it(tmp_path: Path):
    (tmp_path / "a.txt").touch()
    with sensor().open(tmp_path / "a.txt") as product:
        assert product.finest_m == 10
        assert product.relation(20).factor == 2


def test_what_no_reader_knows_is_refused(tmp_path: Path):
    (tmp_path / "a.png").touch()
    with pytest.raises(UserError, match=r"a\.png: not recognised as a product of toy; expected a text file"):
        sensor().open(tmp_path / "a.png")
    with pytest.raises(UserError, match="no such file"):
        sensor().open(tmp_path / "b.txt")


def test_harmonised_numbers_have_the_offset_and_a_mask():
    product = InMemory(Path("a.txt"), sensor(), offsets={"C1": -1000})
    pixels, valid = product.read_harmonised(20, Window(0, 0, 1, 2))
    assert pixels.tolist() == [[[1500, 1500]], [[500, 500]]]
    assert valid.all()
    fine, valid = product.read_harmonised(10, Window(0, 0, 1, 2))
    assert valid.tolist() == [[[False, True]]]
    assert fine.tolist() == [[[0, 1]]]

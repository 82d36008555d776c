import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from errors import UserError
from products.demonstration_mat import DemonstrationMatReader
from products.grid import Grid
from products.sensor import Sensor
from products.window import Window
from tests.fakes.demonstration_mat import write_mat

BANDS = {
    "F": {"ground_sample_distance_m": 10},
    **{f"C{i}": {"ground_sample_distance_m": 20} for i in (1, 2, 3)},
}


def sensor() -> Sensor:
    return Sensor(
        name="toy",
        bands=BANDS,
        dtype="uint16",
        nodata=0,
        valid_range=[1, 65535],
        readers=[DemonstrationMatReader()],
    )


def groups():
    generator = np.random.default_rng(1)
    return {10: generator.integers(1, 9000, (1, 40, 60)), 20: generator.integers(1, 9000, (3, 20, 30))}


def test_windows_come_with_rows_first(tmp_path: Path):
    made = groups()
    with sensor().open(write_mat(tmp_path / "S2A_T33UUB.mat", made)) as product:
        assert product.name == "S2A_T33UUB"
        assert product.grids == {10: Grid(40, 60), 20: Grid(20, 30)}
        stored = product.read(20, Window(3, 7, 11, 13))
        assert stored.dtype == np.uint16
        np.testing.assert_array_equal(stored, made[20][:, 3:14, 7:20])


def test_fractions_are_rounded_and_nan_is_no_data(tmp_path: Path):
    fine = np.full((1, 4, 4), 7.6)
    fine[0, 0] = [np.nan, -3, 70000, 0.4]
    product = sensor().open(write_mat(tmp_path / "a.mat", {10: fine}))
    assert product.read(10, Window(0, 0, 2, 4)).tolist() == [[[0, 0, 65535, 0], [8, 8, 8, 8]]]


def test_an_opened_product_can_be_sent_to_another_process(tmp_path: Path):
    product = sensor().open(write_mat(tmp_path / "a.mat", groups()))
    pixels = product.read(10, Window(0, 0, 5, 5))
    other = pickle.loads(pickle.dumps(product))
    product.close()
    np.testing.assert_array_equal(other.read(10, Window(0, 0, 5, 5)), pixels)
    np.testing.assert_array_equal(product.read(10, Window(0, 0, 5, 5)), pixels)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({20: np.ones((3, 4, 4))}, "found im20, expected im10"),
        ({10: np.ones((1, 8, 8)), 20: np.ones((2, 4, 4))}, r"found im20 of shape \[2, 4, 4\], expected 3 bands \(C1, C2, C3\)"),
    ],
)  # fmt: skip
def test_other_contents_are_refused(tmp_path: Path, made, message):
    with pytest.raises(UserError, match=message):
        sensor().open(write_mat(tmp_path / "a.mat", made))


def test_a_truncated_file_is_refused(tmp_path: Path):
    path = write_mat(tmp_path / "a.mat", groups())
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UserError, match=r"a\.mat is corrupt: it cannot be opened as HDF5"):
        sensor().open(path)


def test_other_hdf5_files_are_not_recognised(tmp_path: Path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = np.ones(3)
    assert not DemonstrationMatReader().recognises(tmp_path / "a.h5")
    (tmp_path / "b.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    assert not DemonstrationMatReader().recognises(tmp_path / "b.mat")


@pytest.mark.real
def test_the_demonstration_crop_of_malmo(real_data: Path):
    bands = {
        **{name: {"ground_sample_distance_m": 10} for name in ("B4", "B3", "B2", "B8")},
        **{name: {"ground_sample_distance_m": 20} for name in ("B5", "B6", "B7", "B8A", "B11", "B12")},
        **{name: {"ground_sample_distance_m": 60} for name in ("B1", "B9")},
    }
    sentinel2 = Sensor(
        name="sentinel2", bands=bands, dtype="uint16", nodata=0, valid_range=[1, 65535], readers=[DemonstrationMatReader()]
    )  # fmt: skip
    with sentinel2.open(real_data / "s2_dsen2_demo" / "S2A_MSIL1C_20170527_T33UUB.mat") as product:
        assert {m: grid.shape for m, grid in product.grids.items()} == {
            10: (600, 600),
            20: (300, 300),
            60: (100, 100),
        }
        means = product.read(10, Window(0, 0, 600, 600)).mean(axis=(1, 2))
        # Red, green, blue and near infrared over farmland: published band means of this crop.
        np.testing.assert_allclose(means, [790, 1020, 1003, 3544], atol=1)

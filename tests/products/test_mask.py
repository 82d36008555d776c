import pickle

import numpy as np
import pytest

from errors import UserError
from products.mask import ArchiveMask, RasterMask
from products.npz_member import npz_member
from products.window import Window
from tests.fakes import masks

WINDOW = Window(3, 5, 20, 30)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_a_raster_of_any_type_is_class_indices(tmp_path, dtype):
    stored = masks.numbers(40, 50, dtype=dtype)
    stored[5] = 255
    mask = RasterMask(masks.raster(tmp_path / "a.tif", stored), masks.CLASSES)
    assert (mask.grid.shape, mask.window) == ((40, 50), (0, 0, 40, 50))
    for same in (mask, pickle.loads(pickle.dumps(mask))):
        indices = same.read(WINDOW)
        assert indices.dtype == np.uint8
        assert np.array_equal(indices, stored[3:23, 5:35])
    with mask:
        pass
    assert mask.read(Window(0, 0, 1, 1)).shape == (1, 1)


def test_no_data_of_the_file_is_unknown_unless_the_table_knows_the_number(tmp_path):
    stored = masks.numbers(40, 50, dtype="int16")
    stored[10, 10:20] = -7
    assert (
        RasterMask(masks.raster(tmp_path / "a.tif", stored, nodata=-7), masks.CLASSES).read(WINDOW)[7, 5]
        == 255
    )
    zero = RasterMask(masks.raster(tmp_path / "b.tif", masks.numbers(40, 50), nodata=0), masks.CLASSES)
    assert np.array_equal(zero.read(WINDOW), masks.numbers(40, 50)[3:23, 5:35])


def test_numbers_outside_of_the_table_are_one_sentence(tmp_path):
    stored = masks.numbers(40, 50)
    stored[39, 49] = 17
    mask = RasterMask(masks.raster(tmp_path / "a.tif", stored), masks.CLASSES)
    assert mask.read(WINDOW).max() == 3
    with pytest.raises(
        UserError, match=r"a.tif: found 17, which classes=clouds does not know; expected 0 cloud"
    ):
        mask.read(mask.window)


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_are_class_indices(tmp_path, packed):
    masks.annotated(tmp_path / "a.npz", 40, 50)
    arrays = masks.published(tmp_path / "b.npz", ["20210126"], 40, 50)
    path, key = (tmp_path / "a.npz", "msk") if packed else (tmp_path / "b.npz", "20210126")
    mask = ArchiveMask(path, npz_member(path, key), masks.CLASSES)
    assert mask.grid.shape == (40, 50)
    assert np.array_equal(pickle.loads(pickle.dumps(mask)).read(WINDOW), arrays["20210126"][3:23, 5:35])
    with pytest.raises(ValueError, match="reaches out"):
        mask.read(Window(30, 0, 20, 20))


def test_bool_is_0_and_1(tmp_path):
    np.savez(tmp_path / "a.npz", m=np.eye(4, dtype=bool))
    mask = ArchiveMask(tmp_path / "a.npz", npz_member(tmp_path / "a.npz", "m"), masks.CLASSES)
    assert np.array_equal(mask.read(mask.window), np.eye(4))


def test_an_array_of_another_shape_is_one_sentence(tmp_path):
    np.savez(tmp_path / "a.npz", m=np.zeros((4, 4, 3)))
    with pytest.raises(UserError, match=r"found m of shape \(4, 4, 3\), expected rows and columns"):
        ArchiveMask(tmp_path / "a.npz", npz_member(tmp_path / "a.npz", "m"), masks.CLASSES)

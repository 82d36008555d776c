import h5py
import numpy as np
import pytest

from errors import UserError
from products.swath_hdf5_file import Hdf5File
from products.window import Window
from tests.fakes import swaths

NAME = "HDFEOS/SWATHS/SurfReflect/Data Fields/750m_Surface_Reflectance_Band_M1"


def test_fields_are_named_by_their_path(tmp_path):
    path = swaths.write(tmp_path, "viirs", hdf5=True)
    with h5py.File(path, "a") as file:
        file["HDFEOS INFORMATION/StructMetadata.0"] = b"GROUP=GridStructure"
        file[NAME].attrs["reference"] = file[NAME].ref
    opened = Hdf5File(path)
    assert opened.attributes["StructMetadata.0"] == "GROUP=GridStructure"
    assert opened.fields[NAME].shape == (32, 32)
    assert opened.fields[NAME].attributes == {
        "scale_factor": pytest.approx(1e-4),
        "add_offset": 0,
        "_FillValue": swaths.NODATA,
    }
    np.testing.assert_array_equal(
        opened.read(NAME, Window(20, 3, 4, 5)), swaths.reflectance("viirs", 750, 2, 64)[0, 20:24, 3:8]
    )


def test_a_truncated_file_is_told(tmp_path):
    path = swaths.write(tmp_path, "viirs", hdf5=True)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(
        UserError, match=r"VNP09.*found a damaged HDF5 file .*truncated.*expected a whole one"
    ):
        Hdf5File(path)


def test_damage_inside_is_told_when_it_is_read(tmp_path):
    path = swaths.write(tmp_path, "viirs", hdf5=True)
    with h5py.File(path) as file:
        chunk = file[NAME].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"damaged HDF5 file in '.*Band_M1'"):
        Hdf5File(path).read(NAME, Window(0, 0, 8, 8))

import sys

import numpy as np
import pytest

from errors import UserError
from products.swath_hdf4_file import Hdf4File, is_hdf4
from products.window import Window
from tests.fakes import swaths


@pytest.fixture
def path(tmp_path):
    return swaths.write(tmp_path, "viirs", attributes={"InputPointer": "VNP03IMG.x.nc"})


def test_fields_and_attributes(path):
    file = Hdf4File(path)
    field = file.fields["750m Surface Reflectance Band M5"]
    assert (field.shape, field.dtype) == ((32, 32), "int16")
    assert field.attributes["scale_factor"] == 10000
    assert file.fields["Latitude"].dtype == "float32"
    assert file.attributes["InputPointer"] == "VNP03IMG.x.nc"


@pytest.mark.parametrize("window", [Window(0, 0, 1, 1), Window(31, 0, 1, 32), Window(3, 5, 0, 4)])
def test_windows_keep_their_shape(path, window):
    pixels = Hdf4File(path).read("750m Surface Reflectance Band M1", window)
    whole = swaths.reflectance("viirs", 750, 2, 64)[0]
    np.testing.assert_array_equal(pixels, whole[window.row : window.bottom, window.column : window.right])
    assert pixels.dtype == np.int16


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused_when_it_is_opened(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: max(5, int(len(content) * share))])
    assert is_hdf4(path)
    with pytest.raises(
        UserError, match=r"VNP09.*found .* bytes of an HDF4 file that is .* or longer, expected all of it"
    ):
        Hdf4File(path)


def test_damage_inside_is_told_when_it_is_read(path):
    content = bytearray(path.read_bytes())
    start = len(content) // 3
    content[start : start + len(content) // 3] = bytes(len(content) // 3)
    path.write_bytes(content)

    def read_all():
        file = Hdf4File(path)
        for name, field in file.fields.items():
            file.read(name, Window(0, 0, *field.shape))

    with pytest.raises(UserError, match=r"VNP09.*found a damaged HDF4 file"):
        read_all()


def test_without_pyhdf_the_extra_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyhdf.SD", None)
    with pytest.raises(UserError, match=r"needs pyhdf .*expected .*uv sync --extra products"):
        Hdf4File(path)


def test_other_files_are_not_hdf4(tmp_path):
    (tmp_path / "a.hdf").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert not is_hdf4(tmp_path / "a.hdf")
    assert not is_hdf4(tmp_path)

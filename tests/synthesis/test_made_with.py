"""What files were made with."""

import numpy as np
import pytest

from errors import UserError
from synthesis.made_with import check_others, is_made, made_with, source
from tests.fakes import exolabs


def raster(path, record=None):
    import rasterio

    exolabs.write(path, np.zeros((4, 4), np.uint8))
    with rasterio.open(path, "r+") as file:
        file.update_tags(**({} if record is None else made_with(record)))
    return path


def test_a_file_of_the_same_settings_is_there(tmp_path):
    path = tmp_path / "a.tif"
    assert not is_made(path, {"rule": "x"}, overwrite=False)
    raster(path, {"rule": "x", "grid": (1, 2)})
    assert is_made(path, {"grid": [1, 2], "rule": "x"}, overwrite=False)


def test_a_file_of_other_settings_is_refused_or_made_again(tmp_path):
    path = raster(tmp_path / "a.tif", {"rule": "x"})
    with pytest.raises(
        UserError, match=r'a\.tif: found a file made with rule="x", expected "y": .*overwrite=true'
    ):
        is_made(path, {"rule": "y"}, overwrite=False)
    assert not is_made(path, {"rule": "y"}, overwrite=True)


@pytest.mark.parametrize("stranger", [raster, lambda path: path.write_bytes(b"no raster")])
def test_a_file_of_somebody_else_is_refused(tmp_path, stranger):
    stranger(tmp_path / "a.tif")
    with pytest.raises(UserError, match="found a file that this command did not make"):
        is_made(tmp_path / "a.tif", {"rule": "x"}, overwrite=False)


def test_other_files_of_a_folder_must_have_the_same_settings_but_may_have_other_sources(tmp_path):
    raster(tmp_path / "a.tif", {"rule": "x", "source": "one"})
    check_others(tmp_path, {"b.tif"}, {"rule": "x"})
    check_others(tmp_path, {"a.tif"}, {"rule": "y"})
    with pytest.raises(UserError, match=r"a\.tif: found a file made with rule"):
        check_others(tmp_path, {"b.tif"}, {"rule": "y"})


def test_a_source_is_known_by_name_and_size_wherever_it_lies(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"123")
    assert source(tmp_path / "a.tif") == {"name": "a.tif", "bytes": 3}
    assert source(tmp_path)["bytes"] is None and source(None) is None

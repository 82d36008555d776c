import shutil

import pytest

from errors import UserError
from products.slstr_files import SlstrFiles
from products.slstr_grid import SlstrGrid
from products.slstr_grids import SlstrGrids
from tests.fakes import slstr


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return slstr.write(tmp_path_factory.mktemp("slstr"), bands=("S1",), rows=58)


def grids(folder):
    return SlstrGrids(SlstrFiles(folder, 2**20), slstr.reader().facts)


def test_each_grid_as_its_files_say(product):
    found = grids(product)
    assert found.grid("an") == SlstrGrid("an", 58, 76, 50, 109763, (500, 500))
    assert found.grid("in") == SlstrGrid("in", 29, 38, 25, 54882, (1000, 1000))
    assert found.grid("tn") == SlstrGrid("tn", 29, 8, 4, 54882, (16000, 1000))


def test_another_file_serves_where_the_first_is_absent_or_damaged(product, tmp_path):
    copy = tmp_path / slstr.NAME
    shutil.copytree(product, copy)
    (copy / "S1_radiance_an.nc").write_text("damaged")
    assert grids(copy).grid("an").shape == (58, 76)
    (copy / "S1_radiance_an.nc").unlink()
    (copy / "flags_an.nc").unlink()
    assert grids(copy).grid("an").shape == (58, 76)  # geodetic_an.nc


def test_a_grid_without_files_is_refused(product):
    for suffix in ("ao", "xx"):
        with pytest.raises(
            UserError, match=f"found no file of the grid '{suffix}', expected flags_{suffix}.nc"
        ):
            grids(product).grid(suffix)


def test_a_product_whose_files_have_no_variables_is_refused(tmp_path):
    """Such products exist: true attributes, nothing else."""
    files = [f"{name}_an.nc" for name in ("flags", "S1_radiance", "geodetic")]
    product = slstr.write(tmp_path, bands=("S1",), empty=files)
    with pytest.raises(
        UserError, match=r"S1_radiance_an\.nc: found no variables, expected an image of the grid 'an'"
    ):
        grids(product).grid("an")


def test_images_of_another_size_are_refused_with_both_files(product):
    found = grids(product)
    found.check("flags_an.nc", (58, 76), "an")
    said = r"flags_an\.nc: found 60 x 76 pixels, expected 58 x 76 as S1_radiance_an\.nc has"
    with pytest.raises(UserError, match=said):
        found.check("flags_an.nc", (60, 76), "an")

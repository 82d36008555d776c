import shutil

import pytest

from errors import UserError
from products.slstr import SlstrReader
from tests.fakes import slstr


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return slstr.write(tmp_path_factory.mktemp("slstr"), bands=("S1",))


def test_the_config_of_the_catalogue_makes_a_reader_that_knows_all_bands():
    assert list(slstr.reader().facts.bands) == [
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "F1",
        "F2",
    ]


def test_folder_parent_manifest_and_zip_name_one_product(product, tmp_path):
    archive = slstr.zipped(product, tmp_path / "3.zip")  # as the original called its downloads
    for path in (product, product.parent, product / "xfdumanifest.xml", archive):
        opened = slstr.reader().open(path)
        assert (opened.name, opened.platform) == (product.name.removesuffix(".SEN3"), "S3B")
        assert opened.cloud_mask().shape == (60, 76)


def test_products_are_found_in_a_folder_and_its_folders(product, tmp_path):
    one = tmp_path / product.name
    shutil.copytree(product, one)
    slstr.zipped(product, tmp_path / f"{product.name}.zip")  # the same again: the folder is taken
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "deeper").mkdir()
    other = slstr.zipped(product, tmp_path / "deeper" / "other.zip")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 nothing")  # named by `open`, not passed over
    assert set(slstr.reader().find(tmp_path)) == {one, other, tmp_path / "broken.zip"}
    assert slstr.reader().find(one) == [one]


def test_a_folder_without_products_is_refused(tmp_path):
    (tmp_path / "readme.txt").write_text("x")
    with pytest.raises(UserError, match="found no SEN3 folder or zip"):
        slstr.reader().find(tmp_path)


def test_the_limit_of_night_is_held_to_day():
    with pytest.raises(UserError, match="night_zenith_deg: found 90"):
        SlstrReader(bands={}, grids={}, cloud_masks={}, flags={}, night_zenith_deg=90)

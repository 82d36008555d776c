"""What is read of one product."""

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from errors import UserError
from synthesis.scene_description import describe
from tests.fakes import sentinel2

ABSENT = {"L2A": ["B10"]}


@pytest.fixture(scope="module")
def sensor(repository):
    return instantiate(OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml"))


def test_a_product_without_its_name_has_the_time_of_its_metadata(tmp_path, sensor):
    folder = sentinel2.safe(tmp_path, side=2)
    metadata = folder / "MTD_MSIL1C.xml"
    metadata.write_text(metadata.read_text().replace(f"<PRODUCT_URI>{folder.name}</PRODUCT_URI>", ""))
    renamed = folder.rename(tmp_path / "mine.SAFE")
    entry = describe(renamed, sensor, ABSENT)
    assert str(entry.key) == "T33UUU_20230908T093041" and entry.platform == "Sentinel-2A"


def test_the_footprint_of_the_metadata_counts(tmp_path, sensor):
    folder = sentinel2.safe(tmp_path, side=2)
    metadata = folder / "MTD_MSIL1C.xml"
    text = "<EXT_POS_LIST>46.0 7.0 46.0 8.0 47.0 8.0 46.0 7.0</EXT_POS_LIST></n1:General_Info>"
    metadata.write_text(metadata.read_text().replace("</n1:General_Info>", text))
    assert describe(folder, sensor, ABSENT).footprint[0][0] == (7.0, 46.0)


def test_a_level_1c_product_must_have_all_bands_a_level_2a_product_those_it_can(tmp_path, sensor):
    assert describe(sentinel2.safe(tmp_path, level="L2A", side=2), sensor, ABSENT).level == "L2A"
    with pytest.raises(UserError, match="found no image of B10"):
        describe(sentinel2.safe(tmp_path, side=2, without=("B10",)), sensor, ABSENT)


def test_a_cloud_cover_that_is_no_number_is_one_sentence(tmp_path, sensor):
    folder = sentinel2.safe(tmp_path, side=2)
    (metadata,) = folder.glob("GRANULE/*/MTD_TL.xml")
    text = "<CLOUDY_PIXEL_PERCENTAGE>many</CLOUDY_PIXEL_PERCENTAGE></n1:General_Info>"
    metadata.write_text(metadata.read_text().replace("</n1:General_Info>", text))
    with pytest.raises(UserError, match="found a cloud cover of 'many', expected percent"):
        describe(folder, sensor, ABSENT)

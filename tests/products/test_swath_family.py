from pathlib import Path

import pytest

from products.swath_family import MODIS, VIIRS, family_of, granule_of, parse_granule


@pytest.mark.parametrize(
    ("name", "product", "platform", "start", "collection"),
    [
        ("MOD09.A2019021.0040.006.2019023021045.hdf", "MOD09", "Terra", "2019-01-21T00:40Z", "006"),
        ("MYD09.A2020366.2355.061.x.hdf", "MYD09", "Aqua", "2020-12-31T23:55Z", "061"),
        ("VNP09_NRT.A2018064.0524.001.hdf", "VNP09_NRT", "Suomi NPP", "2018-03-05T05:24Z", "001"),
        ("VJ209.A2024070.0318.002.2025294162600.hdf", "VJ209", "NOAA-21", "2024-03-10T03:18Z", "002"),
        ("MOD09GA.A2008296.h14v17.006.2015181011753.hdf", "MOD09GA", "Terra", "2008-10-22", "006"),
    ],
)  # fmt: skip
def test_what_a_name_says(name, product, platform, start, collection):
    granule = parse_granule(name)
    assert granule.tags == {
        "PRODUCT": product, "PLATFORM": platform, "SENSING_TIME": start, "COLLECTION": collection,
    }  # fmt: skip
    assert granule.family is (MODIS if product.startswith("M") else VIIRS)


def test_a_renamed_file_says_it_in_its_metadata():
    metadata = (
        'INPUTPOINTER VALUE = ("MOD021KM.A2019021.0035.006.x.hdf") OBJECT = LOCALGRANULEID NUM_VAL = 1 '
        'VALUE = "MOD09.A2019021.0040.006.2019023021045.hdf"'
    )
    assert granule_of(Path("scene.hdf"), {"CoreMetadata.0": metadata}).moment == "A2019021.0040"
    assert granule_of(Path("scene.hdf"), {}) is None


def test_without_a_name_the_grids_tell_how_it_was_scanned():
    assert family_of(None, [250, 500]) is MODIS
    assert family_of(None, [375, 750]) is VIIRS
    assert family_of(None, [10, 20]) is None
    for family in (MODIS, VIIRS):
        assert not any(family.scan_m % metres for metres in family.ground_sample_distances_m)

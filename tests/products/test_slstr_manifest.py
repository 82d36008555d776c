import pytest

from errors import UserError
from products.slstr_manifest import read_manifest
from tests.fakes import slstr


def test_name_cloud_cover_and_baseline():
    read = read_manifest(slstr.manifest(slstr.NAME, 62.5).encode(), "m")
    assert (read.name, read.baseline) == (slstr.NAME, "SL__L1_.004.06.00")
    assert read.cloudy_percent == {"1 km": 62.5, "0.5 km stripe A": 62.5}


def test_what_is_no_plain_xml_is_refused():
    for text in (b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        with pytest.raises(UserError, match=r"^m: found no plain XML"):
            read_manifest(text, "m")


@pytest.mark.real
def test_a_real_manifest(real_data):
    path = real_data / "slstr" / slstr.NAME / "xfdumanifest.xml"
    read = read_manifest(path.read_bytes(), str(path))
    assert read.name == slstr.NAME
    assert read.cloudy_percent["1 km"] == pytest.approx(3.492014)
    assert read.cloudy_percent["0.5 km stripe A"] == pytest.approx(2.8777)

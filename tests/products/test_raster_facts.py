import numpy as np
import pytest
import rasterio

from errors import UserError
from products.raster_facts import read_facts
from tests.fakes import masks


def test_what_a_file_says_of_its_bands(tmp_path):
    path = masks.raster(tmp_path / "a.tif", np.ones((2, 4, 5), np.uint16), nodata=7)
    with rasterio.open(path, "r+") as file:
        file.set_band_description(2, "B3")
        file.scales, file.offsets = (1e-4, 1.0), (-0.1, 2.0)
        file.update_tags(A="b")
    facts = read_facts(path)
    assert (facts.info.shape, facts.info.nodata) == ((2, 4, 5), 7)
    assert facts.described == ("", "B3")
    assert (facts.scales, facts.offsets) == ((1e-4, 1.0), (-0.1, 2.0))
    assert facts.tags["A"] == "b"


def test_colours_by_number_are_no_bands(tmp_path):
    path = masks.raster(tmp_path / "a.tif", masks.numbers(8, 8), palette={0: (1, 2, 3, 255)})
    with pytest.raises(UserError, match=r"a\.tif: found an image with a palette"):
        read_facts(path)

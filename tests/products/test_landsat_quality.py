import numpy as np
import pytest

from errors import UserError
from products.landsat_quality import quality_mask
from tests.fakes import landsat

BITS = landsat.sensor().readers[0].quality

# Numbers that USGS's documents spell out. "Clear" of Collection 2 says: neither cloud nor dilated cloud, nothing else.
CLOUD_HIGH_PRE = 53248  # pre-collection: "cloud, high confidence; cirrus, low"
CLOUD_C1 = 2800  # Collection 1: cloud, high confidence
CLEAR_C1 = 2720  # Collection 1: clear terrain
CLEAR_C2, WATER_C2, CLOUD_C2, SHADOW_C2, CIRRUS_C2 = 21824, 21952, 22280, 23888, 54596


@pytest.mark.parametrize(
    ("layout", "name", "holds"),
    [
        ("pre_collection", "cloud", [CLOUD_HIGH_PRE]),
        ("collection_1", "cloud", [CLOUD_C1]),
        ("collection_1", "cloud_confidence", [CLOUD_C1]),
        ("collection_2", "clear", [CLEAR_C2, WATER_C2, SHADOW_C2, CIRRUS_C2]),
        ("collection_2", "water", [WATER_C2]),
        ("collection_2", "cloud", [CLOUD_C2]),
        ("collection_2", "cloud_confidence", [CLOUD_C2]),
        ("collection_2", "cloud_shadow", [SHADOW_C2]),
        ("collection_2", "cirrus", [CIRRUS_C2]),
        ("collection_2", "cirrus_confidence", [CIRRUS_C2]),
    ],
)
def test_known_numbers_mean_what_usgs_says(layout, name, holds):
    numbers = {
        "pre_collection": [CLOUD_HIGH_PRE, 20480, 1],
        "collection_1": [CLOUD_C1, CLEAR_C1, 1],
        "collection_2": [CLEAR_C2, WATER_C2, CLOUD_C2, SHADOW_C2, CIRRUS_C2, 1],
    }[layout]
    mask = quality_mask(np.array(numbers, "uint16"), BITS[layout], name)
    assert [number for number, hit in zip(numbers, mask, strict=True) if hit] == holds


@pytest.mark.parametrize("layout", list(BITS))
def test_fill_is_bit_0_in_all_collections(layout):
    assert quality_mask(np.array([0, 1, 2], "uint16"), BITS[layout], "fill").tolist() == [False, True, False]


def test_confidence_is_a_lower_limit():
    stored = np.array([[0b00, 0b01, 0b10, 0b11]], "uint16") << 14
    bits = BITS["pre_collection"]
    assert quality_mask(stored, bits, "cloud", "low").tolist() == [[False, True, True, True]]
    assert quality_mask(stored, bits, "cloud", "medium").tolist() == [[False, False, True, True]]
    assert quality_mask(stored, bits, ["cloud"]).tolist() == [[False, False, False, True]]


def test_any_of_several_conditions():
    stored = np.array([1, CLOUD_C2, WATER_C2], "uint16")
    assert quality_mask(stored, BITS["collection_2"], ["fill", "water"]).tolist() == [True, False, True]


def test_names_that_a_collection_lacks_are_refused():
    with pytest.raises(UserError, match="found dilated_cloud, expected one of fill, dropped_frame"):
        quality_mask(np.zeros(1, "uint16"), BITS["pre_collection"], "dilated_cloud")
    with pytest.raises(UserError, match="found confidence sure, expected one of low, medium, high"):
        quality_mask(np.zeros(1, "uint16"), BITS["pre_collection"], "cloud", "sure")

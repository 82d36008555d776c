import json

import numpy as np
import pytest

from errors import UserError
from products.slstr_flags import SlstrFlags, flag_masks
from tests.fakes import slstr


def flags(values, meanings, unknown=None):
    return SlstrFlags("flags_in.nc: 'x'", np.array(values), flag_masks({"flag_meanings": meanings}), unknown)


def test_bits_go_by_name_and_any_of_them_counts():
    some = flags(np.array([[0, 1, 2, 3, 4]], "u2"), "a b c")
    assert some.names == ("a", "b", "c")
    np.testing.assert_array_equal(some.bits("b"), [[False, False, True, True, False]])
    np.testing.assert_array_equal(some.bits(["a", "c"]), [[False, True, False, True, True]])
    assert not some.bits([]).any()


def test_the_highest_bit_of_sixteen():
    masks = flag_masks({"flag_meanings": slstr.CONFIDENCE_BITS})
    some = SlstrFlags("x", np.array([[32768, 16384]], "u2"), masks)
    np.testing.assert_array_equal(some.bits("summary_pointing"), [[True, False]])
    np.testing.assert_array_equal(some.bits("summary_cloud"), [[False, True]])


def test_masks_of_the_file_are_taken_and_unused_bits_left_out():
    attributes = {"flag_meanings": "low spare high", "flag_masks": np.array([1, 2, 8], "u1")}
    assert flag_masks(attributes) == {"low": 1, "high": 8}


def test_a_file_without_meanings_takes_those_of_the_config():
    assert flag_masks({}, ["single_low", "single_moderate"]) == {"single_low": 1, "single_moderate": 2}


def test_another_spelling_is_known():
    masks = flag_masks(
        {"flag_meanings": "thin_cirrus 12_gross_cloud"}, aliases={"12_gross_cloud": "gross_cloud"}
    )
    assert masks == {"thin_cirrus": 1, "gross_cloud": 2}


def test_unpopulated_pixels_are_not_cloud_but_unknown():
    some = flags(np.array([[255, 2, 0]], "u1"), slstr.BAYES_BITS, unknown=255)
    np.testing.assert_array_equal(some.bits(some.names), [[False, True, False]])
    np.testing.assert_array_equal(some.known, [[False, True, True]])


def test_an_unknown_name_is_refused_with_those_that_are_there():
    with pytest.raises(UserError, match="found no flag 'cloudy', expected one of a, b"):
        flags(np.zeros((1, 1), "u1"), "a b").bits("cloudy")


@pytest.mark.real
@pytest.mark.parametrize("view", ["anadir", "aoblique"])
def test_real_flags_agree_with_each_other(real_data, view):
    """The summary of a real product is what any of its fourteen cloud tests says."""
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(real_data / "slstr" / "S03SLSRBT_test.zarr" / "quality" / view, mode="r")
    suffix = view[:2]
    read = {}
    for name in ("cloud", "confidence"):
        array = group[f"{name}_{suffix}"]
        read[name] = SlstrFlags(name, array[...], flag_masks(dict(array.attrs)))
    assert "gross_cloud" in read["cloud"].names
    assert len(read["cloud"].names) == 14
    summary = read["confidence"].bits("summary_cloud")
    np.testing.assert_array_equal(summary, read["cloud"].bits(read["cloud"].names))
    np.testing.assert_array_equal(summary, (read["cloud"].values & 0x3FFF) != 0)
    assert 0.5 < summary.mean() < 1


@pytest.mark.real
def test_the_fakes_have_the_names_scales_and_flags_of_the_real_format(real_data):
    mapping = json.loads((real_data / "slstr" / "S3_SL_1_RBT_mapping.json").read_text())["data_mapping"]
    facts = {entry["source_path"]: entry.get("attributes") for entry in mapping}
    for band in slstr.reader().facts.bands.values():
        for grid in band.grids:
            variable = f"{band.file(grid)}:{band.name}_{band.quantity}_{grid}"
            if grid[0] == "c" or (band.name == "F1" and grid[0] == "i"):
                continue  # old collections
            assert facts[variable]["fill_value"] == slstr.FILL
            assert facts[variable]["scale_factor"] == slstr.SCALES.get(band.name, 0.01)
    assert facts["flags_an.nc:confidence_an"]["flag_meanings"] == slstr.CONFIDENCE_BITS
    assert flag_masks(facts["flags_an.nc:cloud_an"], aliases={"12_gross_cloud": "gross_cloud"}) == flag_masks(
        {"flag_meanings": slstr.CLOUD_BITS}
    )
    assert facts["geometry_tn.nc:solar_zenith_tn"]["dtype"] == "<f4"
    assert "S5_quality_an.nc:S5_solar_irradiance_an" in facts

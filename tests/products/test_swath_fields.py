import pytest

from products.swath_fields import find_field


@pytest.mark.parametrize(
    "spelled",
    [
        "375m Surface Reflectance Band I1",
        "375m_Surface_Reflectance_Band_I1",
        "HDFEOS/SWATHS/SurfReflect_VNP/Data Fields/375m_Surface_Reflectance_Band_I1",
        "375m Surface Reflectance Band I1 (16-bit integer)",
        "375m surface reflectance band I1_1",
    ],
)
def test_collections_spell_a_name_in_many_ways(spelled):
    others = [
        "QF1 Surface Reflectance",
        "375m Surface Reflectance Band I2",
        "375m Surface Reflectance Band I11",
    ]
    assert find_field([*others, spelled], "375m Surface Reflectance Band I1") == spelled
    assert find_field(others, "375m Surface Reflectance Band I1") is None


def test_the_first_layer_of_band_1_is_not_band_11():
    layers = ["1km Surface Reflectance Band 1_1", "1km Surface Reflectance Band 11_1"]
    assert find_field(layers, "1km Surface Reflectance Band 1") == layers[0]
    assert find_field(layers, "1km Surface Reflectance Band 11") == layers[1]
    assert find_field(layers[:1], "1km Surface Reflectance Band 11") is None
    assert find_field(["sur_refl_b01_1", "sur_refl_b01_c"], "sur_refl_b01") == "sur_refl_b01_1"

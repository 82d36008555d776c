from products.slstr_facts import SlstrBand


def test_a_band_knows_what_its_files_are_called():
    assert SlstrBand("S1", 555.66, "radiance", ["an"]).file("an") == "S1_radiance_an.nc"
    assert SlstrBand("F1", 3740.67, "BT", ["fn", "in"]).file("in") == "F1_BT_in.nc"

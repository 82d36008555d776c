import pytest

from errors import UserError
from products.sentinel2_metadata import band_name, is_spectral, parse_product, parse_tile
from tests.fakes import sentinel2 as fakes


def parsed(*arguments, **options):
    text = fakes.product_metadata(*arguments, **options)
    return parse_product(text.encode(), "MTD.xml", ("01.00", "05.99"), "04.00")


@pytest.mark.parametrize(
    ("text", "name"),
    [("B04", "B4"), ("B4", "B4"), ("b8a", "B8A"), ("B12", "B12"), ("scl", "SCL"), ("B1", "B1")],
)
def test_names_of_bands(text, name):
    assert band_name(text) == name
    assert is_spectral(name) == name.startswith("B")


@pytest.mark.parametrize("level", ["L1C", "L2A"])
@pytest.mark.parametrize("baseline", ["02.01", "03.01", "04.00", "05.09", "05.11"])
def test_offsets_come_with_the_baseline(level, baseline):
    metadata = parsed(level, baseline, "S2A_X.SAFE", ["GRANULE/a/IMG_DATA/b_B02"])
    assert (metadata.level, metadata.baseline, metadata.uri) == (level, baseline, "S2A_X.SAFE")
    expected = dict.fromkeys(fakes.ORDER, -1000.0) if baseline >= "04.00" else {}
    assert metadata.offsets == expected
    assert metadata.quantification == 10000
    assert metadata.special_values == {"NODATA": 0, "SATURATED": 65535}
    assert metadata.images == (("S2A_OPER_MSI_TL_T33UUU", ("GRANULE/a/IMG_DATA/b_B02",)),)


def test_offsets_go_by_band_id():
    offsets = parsed(offset={i: -100 * i for i in range(13)}).offsets
    assert (offsets["B1"], offsets["B8"], offsets["B8A"], offsets["B12"]) == (0, -700, -800, -1200)


def test_an_old_product_may_have_offsets():
    assert parsed(baseline="03.01", offset=-500).offsets["B2"] == -500


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_names_of_old_metadata(level):
    metadata = parsed(level, "02.01", "S2A_OPER_X", granules={"T1": ["a_B02"], "T2": ["b_B02"]}, old=True)
    assert metadata.images == (("T1", ("a_B02",)), ("T2", ("b_B02",)))


def test_what_is_kept_for_outputs():
    tags = parsed("L2A", "05.09", "S2A_X.SAFE").tags
    assert tags["PROCESSING_BASELINE"] == "05.09"
    assert tags["SPACECRAFT_NAME"] == "Sentinel-2A"
    assert tags["RADIO_ADD_OFFSET_B8A"] == "-1000"
    assert tags["DATATAKE_ID"].startswith("GS2A_")
    assert tags["SPECIAL_VALUE_SATURATED"] == "65535"
    assert all(isinstance(text, str) for text in tags.values())


@pytest.mark.parametrize("baseline", ["", "x", "99.99", "06.00", "5.09", "05.9", "05.09.1", "00.99", "N0509"])
def test_unknown_baselines(baseline):
    line = f"<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>"
    message = rf"MTD\.xml: PROCESSING_BASELINE: found {baseline or 'none'}, expected 01\.00 to 05\.99"
    with pytest.raises(UserError, match=message):
        parsed(baseline_line=line)


def test_no_baseline():
    with pytest.raises(UserError, match="PROCESSING_BASELINE: found none, expected"):
        parsed(baseline_line="")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"offset": False}, "found processing baseline 05.09 without radiometric offsets"),
        ({"offset": "x"}, "RADIO_ADD_OFFSET of band 0: found 'x', expected a number"),
        ({"offset": "nan"}, "RADIO_ADD_OFFSET of band 0: found 'nan', expected a number"),
        ({"offset": {77: -1000}}, "found band_id '77' unknown or twice"),
        ({"quantification": "x"}, "QUANTIFICATION_VALUE: found 'x', expected a number"),
        ({"special": [("NODATA", "?")]}, "SPECIAL_VALUE_INDEX: found '\\?', expected a number"),
    ],
)
def test_garbled_metadata(options, message):
    with pytest.raises(UserError, match=message):
        parsed(**options)


def test_other_documents():
    for text in ("<a/>", "<Level-1B_User_Product/>"):
        with pytest.raises(
            UserError, match=r"found the metadata of a .*, expected Level-1C_User_Product or Level-2A"
        ):
            parse_product(text.encode(), "MTD.xml", ("01.00", "05.99"), "04.00")


def test_a_granule():
    tile = parse_tile(fakes.tile_metadata().encode(), "MTD_TL.xml")
    assert tile.crs == "EPSG:32633"
    assert tile.shapes == {10: (96, 108), 20: (48, 54), 60: (16, 18)}
    assert tile.transforms[60] == (60, 0, fakes.LEFT, 0, -60, fakes.TOP)
    assert (tile.tags["MEAN_SUN_ZENITH_ANGLE"], tile.tags["MEAN_SUN_AZIMUTH_ANGLE"]) == ("41.5", "155.25")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "Level-1C_Tile_ID",
            "Level-1C_User_Product",
            "found Level-1C_User_Product, expected the metadata of a granule",
        ),
        ("HORIZONTAL_CS_CODE", "X", "found no complete Tile_Geocoding"),
        ("Geoposition", "X", "found no complete Tile_Geocoding"),
        ("<NROWS>96</NROWS>", "<NROWS>x</NROWS>", "NROWS: found 'x', expected a number"),
        ("<XDIM>20", "<XDIM>0", "XDIM, YDIM: found 0, -20, expected 20, -20 of that resolution"),
        ("<ULX>", "<ULX>x", "ULX: found 'x399960', expected a number"),
    ],
)
def test_garbled_granules(old, new, message):
    with pytest.raises(UserError, match=message):
        parse_tile(fakes.tile_metadata().replace(old, new).encode(), "MTD_TL.xml")


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "level", "baseline", "offset", "images"),
    [
        ("S2A_MSIL1C_20210908*", "L1C", "03.01", None, 14),
        ("S2A_MSIL1C_20230908*", "L1C", "05.09", -1000, 14),
        ("S2B_MSIL2A_20220413*", "L2A", "04.00", -1000, 36),
        ("esa_S2B_MSIL2A_20210122*", "L2A", "02.14", None, 35),
    ],
)
def test_real_metadata(real_data, name, level, baseline, offset, images):
    (path,) = real_data.glob(f"safe_metadata/{name}/MTD_MSI*.xml")
    metadata = parse_product(path.read_bytes(), str(path), ("01.00", "05.99"), "04.00")
    assert (metadata.level, metadata.baseline) == (level, baseline)
    assert metadata.offsets == ({} if offset is None else dict.fromkeys(fakes.ORDER, offset))
    assert len(metadata.images[0][1]) == images
    assert metadata.uri in path.parent.name + ".SAFE"
    (path,) = path.parent.glob("GRANULE/*/MTD_TL.xml")
    tile = parse_tile(path.read_bytes(), str(path))
    assert tile.shapes == {10: (10980, 10980), 20: (5490, 5490), 60: (1830, 1830)}
    assert tile.crs.startswith("EPSG:32")

import pytest

from errors import UserError
from products.landsat_metadata import parse_metadata
from tests.fakes import landsat

LAYOUTS = list(landsat.IDENTIFIERS)


def parsed(layout, write=landsat.text, change=lambda content: None, **facts):
    content = landsat.groups(layout, landsat.IDENTIFIERS[layout], **facts)
    change(content)
    return parse_metadata(write(layout, content).encode(), "x_MTL.txt")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_tells_the_same(layout):
    metadata = parsed(layout)
    assert metadata.identifier == landsat.IDENTIFIERS[layout]
    assert metadata.layout == ("collection_2" if layout == "level_2" else layout)
    assert metadata.level == {"pre_collection": "L1T", "level_2": "L2SP"}.get(layout, "L1TP")
    assert metadata.spacecraft == "LANDSAT_8"
    assert metadata.tags["SUN_ELEVATION"] == "64.74360932"
    assert metadata.tags["LANDSAT_SCENE_ID"] == "LC80200392015216LGN00"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("write", [landsat.xml, landsat.json_text])
def test_xml_and_json_say_what_the_text_says(layout, write):
    assert parsed(layout, write) == parsed(layout)


def test_level_1_has_reflectance_and_radiance_of_thermal_bands():
    metadata = parsed("collection_2")
    assert metadata.rescaling["8"] == (2e-5, -0.1)
    assert metadata.rescaling["10"] == (3.342e-4, 0.1)
    assert metadata.tags["K1_CONSTANT_BAND_10"] == "774.8853"
    assert metadata.tags["RADIANCE_MULT_BAND_8"] == "1.2198E-02"
    assert metadata.files["8"] == "LC09_L1TP_020039_20220804_20230406_02_T1_B8.TIF"
    assert metadata.quality_file == "LC09_L1TP_020039_20220804_20230406_02_T1_QA_PIXEL.TIF"


def test_level_2_is_not_taken_for_the_level_1_that_it_was_made_from():
    metadata = parsed("level_2")
    assert metadata.files["1"] == "LC08_L2SP_020039_20150804_20200908_02_T1_SR_B1.TIF"
    assert metadata.rescaling["1"] == (2.75e-5, -0.2)
    assert metadata.rescaling["ST_B10"] == (0.00341802, 149.0)
    assert "10" not in metadata.rescaling
    assert "RADIANCE_MULT_BAND_1" not in metadata.tags


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", r"found no group, expected LANDSAT_METADATA_FILE or L1_METADATA_FILE"),
        (b"GROUP = PRODUCT\nEND_GROUP = PRODUCT\nEND\n", "found PRODUCT, expected"),
        (b"\x00\xff" * 100, "found no group"),
        (b"<a><b", "found no plain XML"),
        (b"{", "found no JSON"),
        (b"[1]", "found no group"),
        (b'{"LANDSAT_METADATA_FILE": 3}', "found collection None, expected one of 01, 02"),
    ],
)
def test_what_is_no_metadata_is_refused(document, message):
    with pytest.raises(UserError, match=rf"x_MTL\.txt: {message}"):
        parse_metadata(document, "x_MTL.txt")


def test_metadata_that_was_cut_off_is_refused():
    content = landsat.text("collection_2", landsat.groups("collection_2", "LC08_x")).encode()
    for length in (len(content) - 4, len(content) - 200, len(content) // 2, 60):
        with pytest.raises(UserError, match="expected a whole MTL file"):
            parse_metadata(content[:length], "x_MTL.txt")


@pytest.mark.parametrize(
    ("group", "key", "value", "message"),
    [
        ("PRODUCT_CONTENTS", "COLLECTION_NUMBER", "03", "found collection 03, expected one of 01, 02"),
        ("LEVEL1_RADIOMETRIC_RESCALING", "REFLECTANCE_MULT_BAND_3", "big", "found REFLECTANCE_MULT_BAND_3 = big, expected a number"),
        ("LEVEL1_RADIOMETRIC_RESCALING", "REFLECTANCE_ADD_BAND_3", "inf", "expected a number"),
    ],
)  # fmt: skip
def test_values_that_mean_nothing_are_refused(group, key, value, message):
    with pytest.raises(UserError, match=message):
        parsed("collection_2", change=lambda content: content[group].update({key: value}))


def test_without_a_level_metadata_is_refused():
    with pytest.raises(UserError, match="found no PROCESSING_LEVEL"):
        parsed("collection_1", change=lambda content: content["PRODUCT_METADATA"].pop("DATA_TYPE"))


@pytest.mark.real
def test_real_metadata_of_collection_2_and_before(real_data):
    new = real_data / "safe_metadata" / "landsat" / "LC08_L1TP_115034_20180721_20200831_02_T1_MTL.txt"
    metadata = parse_metadata(new.read_bytes(), str(new))
    assert (metadata.layout, metadata.level) == ("collection_2", "L1TP")
    assert metadata.files["11"] == "LC08_L1TP_115034_20180721_20200831_02_T1_B11.TIF"
    assert metadata.rescaling["11"] == (3.342e-4, 0.1)
    old = real_data / "landsat8_sattestdata_L1" / "l8_MTL.txt"
    metadata = parse_metadata(old.read_bytes(), str(old))
    assert (metadata.layout, metadata.level) == ("pre_collection", "L1T")
    assert metadata.quality_file == "LC80200392015216LGN00_BQA.TIF"
    assert metadata.tags["SUN_ELEVATION"] == "64.74360932"

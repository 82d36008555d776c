import pytest

from errors import UserError
from products.file_tree import FileTree
from products.sentinel2_layout import (
    band_files,
    described_missing,
    granule_images,
    is_product_folder,
    layer_of,
    locate,
    looks_like_product,
    tile_metadata,
    tile_of,
)
from products.sentinel2_metadata import parse_product
from tests.fakes import sentinel2 as fakes

PLACE = "X.SAFE/GRANULE/L1C_T33UUU_A1_2023/"
MTD = fakes.product_metadata()


class Names(FileTree):
    """Files of which only names and texts matter."""

    def __init__(self, *names, **texts):
        self.texts = {name.replace("__", "/") + ".xml": text for name, text in texts.items()}
        super().__init__("archive", [*names, *self.texts])

    def size(self, name):
        return len(self.head(name, 10**6))

    def head(self, name, count):
        return self.texts.get(name, "").encode()[:count]

    def tail(self, name, count):
        return self.head(name, 10**6)[-count:]

    def raster_path(self, name):
        return name


def metadata(*entries):
    text = fakes.product_metadata(entries=entries)
    return parse_product(text.encode(), "MTD.xml", ("01.00", "05.99"), "04.00")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("T33UUU_20170216T102101_B01.jp2", ("B1", None)),
        ("IMG_DATA/R20m/T22HBD_20210122T133229_B8A_20m.jp2", ("B8A", 20)),
        ("IMG_DATA/R60m/T22HBD_20210122T133229_SCL.jp2", ("SCL", 60)),
        ("L2A_T34VFJ_20170823T094031_B02_10m.jp2", ("B2", 10)),
        ("S2A_OPER_MSI_L1C_TL_EPA__20160225T101020_A003533_T33UUU_B12.jp2", ("B12", None)),
        ("s2_B05.tif", ("B5", None)),
        ("B10", ("B10", None)),
        ("T33UUU_20170216T102101_B01.jp2.aux.xml", None),
        ("readme.txt", None),
    ],
)
def test_names_tell_band_and_grid(name, layer):
    assert layer_of(name) == layer


def test_metadata_is_found_by_content():
    for name, root in {"MTD_MSIL1C": "", "any": "", "a__b__MTD_MSIL1C": "a/b/"}.items():
        located = locate(Names(**{name: MTD, "INSPIRE": "<a/>"}))
        assert (located.root, located.metadata) == (root, name.replace("__", "/") + ".xml")


def test_one_product_is_expected():
    with pytest.raises(UserError, match=r"archive: found the metadata of 2 products \(a/x\.xml, b/x\.xml\)"):
        locate(Names(a__x=MTD, b__x=MTD))
    with pytest.raises(UserError, match=r"archive: found no product metadata, expected MTD_MSIL1C\.xml"):
        locate(Names(PLACE + "IMG_DATA/x.jp2", X__GRANULE__a__MTD_TL=MTD))
    with pytest.raises(UserError, match=r"MTD_MSIL1C\.xml: found no Level-1C_User_Product"):
        locate(Names(MTD_MSIL1C="", INSPIRE="<a/>"))


def test_what_may_be_a_product(tmp_path):
    assert looks_like_product([PLACE + "IMG_DATA/a.jp2"])
    assert looks_like_product(["S2A_MSIL1C_2023.SAFE/readme.txt"])
    assert looks_like_product(["S2A_OPER_MTD_SAFL1C_PDMC_2016.xml"])
    assert not looks_like_product(["S1A_IW_GRDH.SAFE/manifest.safe", "readme.xml"])
    assert not is_product_folder(tmp_path)
    (tmp_path / "any.xml").write_text(MTD)
    assert is_product_folder(tmp_path)
    assert not is_product_folder(tmp_path / "missing")
    (tmp_path / "S2B_MSIL2A_x.SAFE").mkdir()
    assert is_product_folder(tmp_path / "S2B_MSIL2A_x.SAFE")


def test_the_images_of_one_granule():
    image = f"{PLACE}IMG_DATA/R10m/a_B02_10m.jp2"
    tree = Names(image, "X.SAFE/HTML/a.jp2", "X.SAFE/__MACOSX/IMG_DATA/b.jp2", f"{PLACE}QI_DATA/b.jp2")
    assert granule_images(tree, "X.SAFE/", None) == (PLACE, (image,))
    assert granule_images(Names("IMG_DATA/a.jp2"), "", None) == ("", ("IMG_DATA/a.jp2",))
    with pytest.raises(UserError, match=r"found no images, expected them in GRANULE/\*/IMG_DATA"):
        granule_images(Names("X.SAFE/a.jp2"), "X.SAFE/", None)


def test_one_of_several_granules():
    names = [f"GRANULE/S2A_L1C_TL_{tile}_N02.01/IMG_DATA/S2A_{tile}_B02.jp2" for tile in ("T33UUU", "T33UUT")]
    with pytest.raises(UserError, match=r"found 2 granules \(T33UUT, T33UUU\), expected one"):
        granule_images(Names(*names), "", None)
    for asked in ("T33UUT", "S2A_L1C_TL_T33UUT_N02.01"):
        assert granule_images(Names(*names), "", asked)[1] == (names[1],)
    with pytest.raises(UserError, match=r"found no granule T01AAA, expected one of T33UUT, T33UUU"):
        granule_images(Names(*names), "", "T01AAA")


def test_the_metadata_says_which_image_is_the_band():
    listed, other = f"{PLACE}IMG_DATA/T33UUU_2023_B02.jp2", f"{PLACE}IMG_DATA/A_old_B02.jp2"
    entry = listed.removeprefix("X.SAFE/").removesuffix(".jp2")
    assert band_files(Names(), metadata(entry), [other, listed]) == {("B2", None): listed}
    with pytest.raises(UserError, match="archive: found B2 twice"):
        band_files(Names(), metadata(), [other, listed])


def test_names_decide_where_the_list_fails():
    image = f"{PLACE}IMG_DATA/T33UUU_2023_B02.jp2"
    entries = ("GRANULE/other/IMG_DATA/T01AAA_1999_B02", "GRANULE/other/IMG_DATA/T01AAA_1999_B03")
    assert band_files(Names(), metadata(*entries), [image, image + ".aux.xml"]) == {("B2", None): image}


def test_jpeg2000_comes_before_copies_of_it():
    names = [f"IMG_DATA/a_B02{suffix}" for suffix in (".tif", ".jp2", ".png")]
    assert band_files(Names(), metadata(), names[:2]) == {("B2", None): names[1]}


@pytest.mark.parametrize("entry", ["../../a_B02", "/etc/a_B02", "a\\..\\b_B02"])
def test_lists_stay_within_the_product(entry):
    with pytest.raises(
        UserError, match=r"archive: found the image .* in its metadata, expected one within the product"
    ):
        band_files(Names(), metadata(entry), [])


def test_metadata_of_a_granule():
    tile = fakes.tile_metadata()
    tree = Names(GRANULE__a__any=tile, GRANULE__b__MTD_TL=tile, GRANULE__a__QI_DATA__x=tile)
    assert tile_metadata(tree, "GRANULE/a/") == "GRANULE/a/any.xml"
    assert tile_metadata(Names(GRANULE__a__MTD_TL=""), "GRANULE/a/") == "GRANULE/a/MTD_TL.xml"
    assert tile_metadata(Names(), "GRANULE/a/") is None
    with pytest.raises(UserError, match="found 2 metadata files of a granule"):
        tile_metadata(Names(GRANULE__a__b=tile, GRANULE__a__c=tile), "GRANULE/a/")


def test_tiles_and_missing_bands_in_words():
    assert tile_of(PLACE) == "T33UUU"
    assert tile_of("GRANULE/S2A_OPER_MSI_L1C_TL_EPA__20160225T101020_A003533_T33UUU_N02.01/") == "T33UUU"
    assert tile_of("") is None
    found = {("B5", 60): "a", ("B5", 20): "b", ("B2", None): "c"}
    assert described_missing([("B5", 10), ("B9", 60)], found) == "B5 (10 m, there at 20 and 60 m), B9 (60 m)"

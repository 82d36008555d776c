"""Binary masks: what is taken as one, and what is refused."""

import numpy as np
import pytest
import rasterio
from PIL import Image

from errors import UserError
from products.binary_mask import BinaryMask, mask_values, png_bytes, read_binary_mask

CLOUD = np.array([[0, 1, 1], [0, 0, 1]], bool)


def tiff(path, values, **profile):
    values = np.atleast_3d(values).transpose(2, 0, 1) if values.ndim == 2 else values
    shape = dict(zip(("count", "height", "width"), values.shape, strict=True))
    with rasterio.open(path, "w", driver="GTiff", dtype=values.dtype, **shape, **profile) as file:
        file.write(values)
    return path


@pytest.mark.parametrize("high", [1, 255])
def test_grey_png_of_either_pair_is_read(tmp_path, high):
    Image.fromarray(CLOUD.astype(np.uint8) * np.uint8(high)).save(tmp_path / "m.png")
    mask = read_binary_mask(tmp_path / "m.png")
    np.testing.assert_array_equal(mask.cloud, CLOUD)
    assert mask.known.all()


def test_three_equal_bands_and_one_bit_are_read(tmp_path):
    grey = CLOUD.astype(np.uint8) * np.uint8(255)
    Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(tmp_path / "rgb.png")
    Image.fromarray(grey).convert("1").save(tmp_path / "bit.png")
    for name in ("rgb.png", "bit.png"):
        np.testing.assert_array_equal(read_binary_mask(tmp_path / name).cloud, CLOUD)


def test_palette_of_other_colours_is_read_by_numbers(tmp_path):
    image = Image.fromarray(CLOUD.astype(np.uint8), "P")
    image.putpalette([0, 0, 255, 250, 240, 230] + [0] * 762)
    image.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_binary_mask(tmp_path / "p.png").cloud, CLOUD)


def test_geotiff_says_where_nothing_is_known(tmp_path):
    values = CLOUD.astype(np.uint8)
    values[0, 0] = 255
    mask = read_binary_mask(tiff(tmp_path / "m.tif", values, nodata=255))
    assert not mask.known[0, 0] and mask.known.sum() == 5
    np.testing.assert_array_equal(mask.cloud, CLOUD)


def test_nodata_0_of_a_mask_is_clear(tmp_path):
    mask = read_binary_mask(tiff(tmp_path / "m.tif", CLOUD.astype(np.uint8), nodata=0))
    assert mask.known.all()
    np.testing.assert_array_equal(mask.cloud, CLOUD)


@pytest.mark.parametrize("values", [[0, 95, 255], [0, 1, 255], [3, 3, 3]])
def test_masks_that_are_not_binary_are_refused(tmp_path, values):
    Image.fromarray(np.array([values], np.uint8)).save(tmp_path / "m.png")
    with pytest.raises(
        UserError, match=rf"m.png: found the values {values[0]}.*expected a binary mask of 0 and 1"
    ):
        read_binary_mask(tmp_path / "m.png")


def test_bands_that_differ_are_refused(tmp_path):
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[..., 1] = 255
    Image.fromarray(pixels).save(tmp_path / "m.png")
    with pytest.raises(UserError, match="found 3 bands that differ"):
        read_binary_mask(tmp_path / "m.png")


def test_a_truncated_file_is_refused(tmp_path):
    whole = png_bytes(np.random.default_rng(0).integers(0, 2, (64, 64), np.uint8) * np.uint8(255))
    (tmp_path / "m.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"m\.png"):
        read_binary_mask(tmp_path / "m.png")


def test_values_of_files_and_back(tmp_path):
    known = np.ones_like(CLOUD)
    known[1, 0] = False
    mask = BinaryMask(CLOUD, known)
    assert set(np.unique(mask_values(mask, geotiff=True))) == {0, 1, 255}
    (tmp_path / "m.png").write_bytes(png_bytes(mask_values(mask, geotiff=False)))
    np.testing.assert_array_equal(read_binary_mask(tmp_path / "m.png").cloud, CLOUD)

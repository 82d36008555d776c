import numpy as np
import pytest
import tifffile
from PIL import Image

from products.raster_decoding import decode_whole, is_truncated_png
from tests.fakes import images


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (5, 20, 30)])
def test_layouts_of_tiff(tmp_path, shape):
    pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    photometric = "rgb" if shape[-1] == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=photometric, metadata=None)
    decoder, decoded, mask, colour = decode_whole(tmp_path / "a.tif")
    expected = pixels[None] if len(shape) == 2 else np.moveaxis(pixels, -1, 0) if shape[-1] == 3 else pixels
    if shape[0] == 5:  # pages of their own: the first is the image
        expected = pixels if decoded.shape[0] == 5 else pixels[:1]
    assert decoder == "tifffile"
    assert np.array_equal(decoded, expected)
    assert mask is None
    assert colour == (shape[-1] == 3)


def test_pillow_modes(tmp_path):
    alpha = np.zeros((48, 64), np.uint8)
    alpha[5:] = 200
    pixels = images.png(tmp_path / "rgba.png", alpha=alpha)
    decoder, decoded, mask, colour = decode_whole(tmp_path / "rgba.png")
    assert (decoder, colour) == ("Pillow", True)
    assert np.array_equal(decoded, pixels)
    assert np.array_equal(mask, alpha > 0)
    colours = images.palette_png(tmp_path / "palette.png")
    assert np.array_equal(decode_whole(tmp_path / "palette.png")[1], colours)
    Image.fromarray(np.eye(8, dtype=bool)).save(tmp_path / "bits.png")
    assert np.array_equal(decode_whole(tmp_path / "bits.png")[1][0], np.eye(8) * 255)


def test_what_neither_library_decodes(tmp_path):
    (tmp_path / "text.tif").write_text("no image")
    (tmp_path / "broken.tif").write_bytes(b"II*\0" + b"\xff" * 20)
    with pytest.raises(ValueError, match="Pillow"):
        decode_whole(tmp_path / "text.tif")
    with pytest.raises(ValueError, match="tifffile"):
        decode_whole(tmp_path / "broken.tif")


def test_the_end_of_png(tmp_path):
    images.png(tmp_path / "a.png")
    assert not is_truncated_png(tmp_path / "a.png")
    images.cut_in_half(tmp_path / "a.png")
    assert is_truncated_png(tmp_path / "a.png")
    assert not is_truncated_png(images.jpeg(tmp_path / "a.jpg"))

"""Any bands and any type through every format."""

from collections.abc import Callable

import numpy as np
import pytest
import rasterio

from evaluation.band_coding import ImageCoder
from evaluation.classical_codecs import ClassicalCodec
from evaluation.image_metrics import psnr
from evaluation.sample_mapping import UnsupportedImage
from products.specification import ImageSpecification

Make = Callable[[str], ClassicalCodec]
Scene = Callable[[int, int, float], np.ndarray]
NAMES = ("jpeg", "jpeg2000", "webp", "jpegxl", "avif")
KINDS = {
    "grey8": ImageSpecification(("pan",), "uint8", (0, 255)),
    "rgb8": ImageSpecification(("red", "green", "blue"), "uint8", (0, 255)),
    "rgbn8": ImageSpecification(("red", "green", "blue", "nir"), "uint8", (0, 255)),
    "two12": ImageSpecification(("a", "b"), "uint16", (0, 4095)),
    "thirteen16": ImageSpecification(tuple(f"B{i}" for i in range(13)), "uint16", (0, 10000)),
    "signed": ImageSpecification(("a", "b"), "int16", (-1000, 9000)),
    "float": ImageSpecification(("a", "b", "c", "d"), "float32", (0, 1)),
}


def _image(scene: Scene, specification: ImageSpecification, side: int = 48) -> np.ndarray:
    lo, hi = specification.value_range
    return specification.denormalise(scene(specification.num_bands, side, 1.0)) if lo <= hi else np.empty(0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_shape_type_and_rising_ladder(codec: Make, scene: Scene, name: str, kind: str) -> None:
    specification = KINDS[kind]
    image = _image(scene, specification)
    one = codec(name)
    if name == "webp" and specification.dtype != "uint8":
        with pytest.raises(UnsupportedImage, match="at most 8 bits"):
            ImageCoder(one, specification)
        return
    coder = ImageCoder(one, specification)
    sizes, qualities = [], []
    for setting in one.settings[1::3]:
        files = coder.encode(image, setting)
        decoded = coder.decode(files)
        assert decoded.shape == image.shape and decoded.dtype == image.dtype
        sizes.append(sum(map(len, files)))
        lo, hi = specification.value_range
        qualities.append(psnr(image, decoded, hi - lo))
        assert 0 < coder.header_bytes(48, 48, setting) <= sizes[-1] * 1.1
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]
    assert qualities == sorted(qualities) and qualities[-1] > 30


def test_colour_bands_share_a_file_and_the_result_says_so(codec: Make) -> None:
    coder = ImageCoder(codec("avif"), KINDS["rgbn8"])
    assert coder.groups == ((0, 1, 2), (3,))
    assert coder.coding.startswith("red green blue as one colour file; 1 grey file, one per band; 8 bit;")
    shuffled = ImageSpecification(("nir", "blue", "green", "red"), "uint8", (0, 255))
    assert ImageCoder(codec("jpeg"), shuffled).groups == ((3, 2, 1), (0,))
    assert ImageCoder(codec("jpeg"), KINDS["thirteen16"]).groups == tuple((band,) for band in range(13))
    assert ImageCoder(codec("jpeg2000"), KINDS["thirteen16"]).groups == (tuple(range(13)),)


def test_bands_come_back_in_their_places(codec: Make) -> None:
    specification = ImageSpecification(("nir", "blue", "green", "red"), "uint8", (0, 255))
    image = np.stack([np.full((32, 32), value, np.uint8) for value in (20, 90, 160, 230)])
    for name in NAMES:
        coder = ImageCoder(codec(name), specification)
        decoded = coder.decode(coder.encode(image, coder.codec.settings[-3]))
        assert np.abs(decoded.astype(int) - image).max() <= 6, name


def test_requantising_is_said(codec: Make) -> None:
    assert (
        "8 bit (requantised from uint16, [0, 10000])" in ImageCoder(codec("jpeg"), KINDS["thirteen16"]).coding
    )
    assert "requantised" not in ImageCoder(codec("jpeg2000"), KINDS["thirteen16"]).coding
    assert "requantised" not in ImageCoder(codec("avif"), KINDS["two12"]).coding


def test_pixels_beyond_the_declared_range_survive_where_the_file_can_hold_them(
    codec: Make, scene: Scene
) -> None:
    specification = KINDS["two12"]
    image = _image(scene, specification)
    image[:, 10:20, 10:20] = 30000
    for name in ("jpeg2000", "jpegxl"):
        coder = ImageCoder(codec(name), specification)
        decoded = coder.decode(coder.encode(image, coder.codec.settings[-1]))
        assert abs(int(decoded[0, 15, 15]) - 30000) < 300, name


def test_jpeg2000_never_exceeds_its_budget(codec: Make, scene: Scene) -> None:
    coder = ImageCoder(codec("jpeg2000"), KINDS["rgbn8"])
    image = _image(scene, KINDS["rgbn8"], side=64)
    for setting in (0.5, 1.0, 2.0):
        used = 8 * sum(map(len, coder.encode(image, setting))) / image.size
        assert 0.85 * setting < used <= setting


@pytest.mark.real
def test_real_sixteen_bit_band_at_usable_quality(codec: Make, real_data) -> None:
    path = real_data / "s2_sattestdata_virginia_L1C" / "s2_B05.jp2"
    if not path.exists():
        pytest.skip(f"no {path}")
    with rasterio.open(path) as file:
        image = file.read()[:, :128, :128]
    specification = ImageSpecification(("B05",), "uint16", (0, 10000))
    for name in ("jpeg2000", "jpegxl", "avif"):
        coder = ImageCoder(codec(name), specification)
        setting = coder.codec.settings[-2]
        assert psnr(image, coder.decode(coder.encode(image, setting)), 10000) > 48, name

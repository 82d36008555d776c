"""Digital numbers to file samples and back."""

import numpy as np
import pytest

from evaluation.sample_mapping import UnsupportedImage, sample_mapping
from products.specification import ImageSpecification


def _specification(dtype: str, lo: float, hi: float) -> ImageSpecification:
    return ImageSpecification(("band",), dtype, (lo, hi))


@pytest.mark.parametrize(
    ("dtype", "lo", "hi", "depths", "bits", "requantised"),
    [
        ("uint8", 0, 255, (8,), 8, False),
        ("uint16", 0, 4095, (8, 16), 16, False),
        ("uint16", 0, 1000, (8, 10, 12), 10, False),
        ("uint16", 0, 10000, (8, 10, 12), 12, True),
        ("int16", -1000, 9000, (8, 16), 16, False),
        ("float32", 0, 1, (8, 16), 16, True),
    ],
)
def test_the_gentlest_mapping_is_chosen(
    dtype: str, lo: float, hi: float, depths: tuple[int, ...], bits: int, requantised: bool
) -> None:
    mapping = sample_mapping(_specification(dtype, lo, hi), depths, requantise=True)
    assert (mapping.bits, mapping.requantised) == (bits, requantised)
    pixels = np.linspace(lo, hi, 301).astype(dtype)
    returned = mapping.to_pixels(mapping.to_samples(pixels))
    assert returned.dtype == np.dtype(dtype)
    step = 1 / mapping.scale if requantised else 0
    assert np.abs(returned.astype(float) - pixels.astype(float)).max() <= 0.51 * step


def test_floats_beyond_the_range_are_clipped_and_nan_is_zero() -> None:
    mapping = sample_mapping(_specification("float32", 0, 1), (8,), requantise=True)
    assert mapping.to_samples(np.array([-1, np.nan, 0.5, 2], np.float32)).tolist() == [0, 0, 128, 255]


def test_refusing_to_requantise_names_the_reason() -> None:
    with pytest.raises(UnsupportedImage, match=r"uint16 in \[0, 10000\]"):
        sample_mapping(_specification("uint16", 0, 10000), (8,), requantise=False)

import json
import math

import numpy as np
import pytest

from errors import UserError
from products.specification import ImageSpecification


def specification(dtype="uint8", value_range=(0, 255), nodata=None, bands=("red", "green", "blue")):
    return ImageSpecification(bands, dtype, value_range, nodata)


@pytest.mark.parametrize(
    ("dtype", "value_range", "bits"),
    [
        ("uint8", (0, 255), 8),
        ("uint8", (0, 1), 1),
        ("uint16", (0, 4095), 12),
        ("uint16", (0, 4096), 13),
        ("uint16", (0, 65535), 16),
        ("uint16", (0, 10000), 14),
        ("int16", (-32768, 32767), 16),
        ("uint32", (0, 2**32 - 1), 32),
        ("float32", (0, 1), 32),
        ("float64", (0, 1), 64),
    ],
)
def test_bits_per_sample(dtype, value_range, bits):
    assert specification(dtype, value_range).bits_per_sample == bits


@pytest.mark.parametrize(
    ("dtype", "value_range"),
    [
        ("uint8", (0, 255)),
        ("uint16", (0, 65535)),
        ("uint16", (1000, 5095)),
        ("int16", (-32768, 32767)),
        ("uint32", (0, 2**32 - 1)),
    ],
)
def test_integers_survive_normalisation(dtype, value_range):
    limits = np.iinfo(dtype)
    step = 1 if limits.max < 70000 else 2**24 + 1
    pixels = np.arange(limits.min, limits.max + 1, step, dtype=np.int64).astype(dtype)[None, None]
    spec = specification(dtype, value_range)
    normalised = spec.normalise(pixels)
    assert normalised.dtype == np.float32
    restored = spec.denormalise(normalised)
    assert restored.dtype == np.dtype(dtype)
    # float32 has 24 bits: a 32-bit sample comes back within its rounding, everything else exactly.
    tolerance = 0 if limits.max < 70000 else 2**8
    assert np.abs(restored.astype(np.int64) - pixels.astype(np.int64)).max() <= tolerance


def test_values_outside_the_range_are_not_clamped():
    spec = specification("uint16", (0, 4095))
    assert spec.normalise(np.array([[[8190]]], np.uint16)) == 2.0
    assert spec.denormalise(np.array([[[2.0]]], np.float32)) == 8190
    floats = specification("float32", (0, 0.5))
    assert floats.normalise(np.array([-0.5], np.float32)) == -1.0
    assert floats.denormalise(np.array([-1.0, 3.0], np.float32)).tolist() == [-0.5, 1.5]


def test_integers_are_rounded_and_clipped_to_the_type():
    spec = specification()
    restored = spec.denormalise(np.array([-1.0, 0.5 / 255 - 1e-4, 100.6 / 255, 2.0], np.float32))
    assert restored.tolist() == [0, 0, 101, 255]


def test_normalising_leaves_the_input_alone():
    pixels = np.full((1, 2, 2), 0.25, np.float32)
    specification("float32", (0, 0.5)).normalise(pixels)
    assert (pixels == 0.25).all()


@pytest.mark.parametrize("nodata", [None, 0, -9999.0, math.nan])
def test_dictionary_round_trip_through_strict_json(nodata):
    spec = specification("float32", (0, 1), nodata)
    text = json.dumps(spec.to_dict(), allow_nan=False)
    assert ImageSpecification.from_dict(json.loads(text)) == spec


def test_lists_become_tuples():
    spec = ImageSpecification(["a", "b"], "uint8", [0, 255])
    assert spec.bands == ("a", "b")
    assert spec.num_bands == 2
    assert hash(spec) == hash(ImageSpecification(("a", "b"), "uint8", (0.0, 255.0)))


@pytest.mark.parametrize("value_range", [(1, 1), (5, 2), (0, math.inf), (math.nan, 1)])
def test_impossible_range(value_range):
    with pytest.raises(UserError, match=r"data\.value_range is .*expected \[low, high\]"):
        specification(value_range=value_range)


def test_unsupported_type_and_missing_bands():
    with pytest.raises(UserError, match="complex64"):
        specification("complex64")
    with pytest.raises(UserError, match="at least one band"):
        specification(bands=())
    with pytest.raises(UserError, match="lacks bands, value_range"):
        ImageSpecification.from_dict({"dtype": "uint8"})

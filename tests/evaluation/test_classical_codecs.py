"""Each format by itself: shapes, types, and what must not silently happen."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluation.classical_codecs import ClassicalCodec

Make = Callable[[str], ClassicalCodec]
Scene = Callable[[int, int, float], np.ndarray]
MIDDLE = {"jpeg": 60, "jpeg2000": 38.0, "webp": 60, "jpegxl": 2.0, "avif": 60}


@pytest.mark.parametrize("name", MIDDLE)
@pytest.mark.parametrize("colour", [False, True])
def test_a_picture_comes_back_with_loss(codec: Make, scene: Scene, name: str, colour: bool) -> None:
    image = np.rint(np.moveaxis(scene(3, 48, 255), 0, -1)).astype(np.uint8)
    picture = np.ascontiguousarray(image if colour else image[..., 0])
    one = codec(name)
    file = one.encode(picture, MIDDLE[name], 8)
    decoded = one.decode(file)
    decoded = decoded if colour or decoded.ndim == 2 else decoded[..., 0]
    assert decoded.shape == picture.shape and decoded.dtype == np.uint8
    error = np.abs(decoded.astype(int) - picture).mean()
    # Zero would mean that the file is lossless whatever the quality (AVIF does that to 2-D arrays).
    assert 0 < error < 12
    assert len(file) < picture.size


def test_jpeg_chroma_subsampling_is_the_configured_one(codec: Make, scene: Scene) -> None:
    picture = np.ascontiguousarray(np.rint(np.moveaxis(scene(3, 48, 255), 0, -1)).astype(np.uint8))
    file = codec("jpeg").encode(picture, 50, 8)
    start_of_frame = file.index(b"\xff\xc0")
    # After marker, length, precision, height, width, number of components and the first component's id.
    assert file[start_of_frame + 11] == 0x22  # luma sampled 2 x 2: 4:2:0

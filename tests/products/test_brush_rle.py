import numpy as np
import pytest

from errors import UserError
from products.brush_rle import decode, encode


def by_hand(words, records):
    """A stream written bit by bit, as the format says."""
    bits = f"{words:032b}" + f"{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    sizes = (3, 4, 8, 16)
    for run, group, values, length in records:
        bits += f"{run:b}{group:02b}" + f"{length - 1:0{sizes[group]}b}" + "".join(f"{v:08b}" for v in values)
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def test_a_stream_written_by_hand_is_read():
    # 2 x 2 pixels: the first two empty; the third opaque, in literal words; the last transparent but coloured
    stream = by_hand(16, [(1, 0, [0], 8), (0, 1, [9, 9, 9, 255, 255, 255, 255, 0], 8)])
    assert decode(stream, (2, 2)).tolist() == [[False, False], [True, False]]


def test_encoding_follows_the_format():
    mask = np.array([[True, True, True], [False, False, True]])
    assert encode(mask) == by_hand(24, [(1, 1, [255], 12), (1, 0, [0], 8), (1, 0, [255], 4)])


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (200, 301)])
def test_masks_come_back(shape):
    rng = np.random.default_rng(0)
    for density in (0.0, 0.3, 1.0):
        mask = rng.random(shape) < density
        assert (decode(encode(mask), shape) == mask).all()


def test_long_runs_are_cut():
    mask = np.zeros((300, 300), bool)  # 360 000 words in one run, of which a record holds 65 536
    mask[-1, -1] = True
    assert (decode(encode(mask), mask.shape) == mask).all()


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (encode(np.zeros((3, 3), bool)), "found 36 words of 8 bits, expected 16 of 8: RGBA of 2 x 2 pixels"),
        (by_hand(16, [(1, 0, [0], 8)]), "end too early"),
        (by_hand(16, [(1, 2, [0], 17)]), "found more words than the 16"),
        ([], "end too early"),
        (["a"], "expected a list of bytes"),
        ([300], "expected a list of bytes"),
    ],
)
def test_damaged_streams_are_refused(stream, words):
    with pytest.raises(UserError, match=words):
        decode(stream, (2, 2))

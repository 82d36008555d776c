"""The run lengths in which Label Studio keeps brush masks: bits of thi.ng/rle-pack over the bytes of an RGBA picture.

A stream is 32 bits: number of words; 5 bits: bits of a word - 1; 4 x 4 bits: bits of a length - 1, for four classes of
lengths; then records of 1 bit: run (1) or literal words (0), 2 bits: class of the length, the length - 1, and the word
of the run or the words. The last byte is filled up with zeros (https://github.com/thi-ng/umbrella, packages/rle-pack).
"""

from collections.abc import Sequence

import numpy as np

from errors import UserError

_CHANNELS = 4  # red, green, blue, alpha
_WORD_BITS = 8
_LENGTH_BITS = (3, 4, 8, 16)  # what Label Studio itself writes
_LONGEST = 1 << _LENGTH_BITS[-1]
_HEADER_BITS = 32 + 5 + 4 * 4


def encode(mask: np.ndarray) -> list[int]:
    """A mask (h, w) of bool as the bytes of Label Studio's `rle`: painted pixels are 255 in all four channels."""
    flat = np.asarray(mask, bool).ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1])) if flat.size else np.zeros(0, np.int64)
    lengths = np.diff(starts, append=flat.size) * _CHANNELS
    words = flat[starts].astype(np.int64) * 255
    pieces = -(-lengths // _LONGEST)
    words = np.repeat(words, pieces)
    cut = np.full(int(pieces.sum()), _LONGEST, np.int64)
    cut[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * _LONGEST
    limits = np.array([1 << bits for bits in _LENGTH_BITS])
    group = np.searchsorted(limits, cut)
    bits = np.array(_LENGTH_BITS)[group]
    # One number for each record: run flag, class, length - 1, word.
    values = (((4 + group) << bits) + cut - 1 << _WORD_BITS) + words
    sizes = 3 + bits + _WORD_BITS
    columns = np.arange(3 + _LENGTH_BITS[-1] + _WORD_BITS)
    shown = columns[None] < sizes[:, None]
    shifts = np.where(shown, sizes[:, None] - 1 - columns[None], 0)
    stream = ((values[:, None] >> shifts) & 1)[shown]
    header = flat.size * _CHANNELS
    for size, value in ((5, _WORD_BITS - 1), *((4, each - 1) for each in _LENGTH_BITS)):
        header = header << size | value
    first = np.array([header >> _HEADER_BITS - 1 - place & 1 for place in range(_HEADER_BITS)])
    packed: list[int] = np.packbits(np.concatenate([first, stream]).astype(np.uint8)).tolist()
    return packed


def decode(stream: Sequence[int], shape: tuple[int, int], source: str = "the brush mask") -> np.ndarray:
    """The bytes of Label Studio's `rle` as a mask (h, w) of bool: where alpha is not 0.

    Raises:
        UserError: no such stream, damaged, or of a picture of another size.
    """
    try:
        bits = np.unpackbits(np.asarray(stream, np.uint8))
    except (ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{source}: expected a list of bytes ({error})") from error
    reader = _Bits(bits, source)
    count, word_bits = reader.number(32), reader.number(5) + 1
    length_bits = [reader.number(4) + 1 for _ in range(4)]
    expected = shape[0] * shape[1] * _CHANNELS
    if count != expected or word_bits != _WORD_BITS:
        raise UserError(
            f"{source}: found {count} words of {word_bits} bits, "
            f"expected {expected} of {_WORD_BITS}: RGBA of {shape[0]} x {shape[1]} pixels"
        )
    words = np.zeros(count, np.uint8)
    position = 0
    while position < count:
        is_run = reader.number(1)
        length = reader.number(length_bits[reader.number(2)]) + 1
        if position + length > count:
            raise UserError(f"{source}: found more words than the {count} that it promises")
        words[position : position + length] = reader.number(_WORD_BITS) if is_run else reader.words(length)
        position += length
    alpha: np.ndarray = words.reshape(*shape, _CHANNELS)[..., -1] > 0
    return alpha


class _Bits:
    """Reads a stream of bits from its start."""

    def __init__(self, bits: np.ndarray, source: str) -> None:
        self.bits, self.source, self.position = bits, source, 0
        self.weights = 1 << np.arange(32, dtype=np.int64)

    def number(self, size: int) -> int:
        """The next `size` bits as a number, the highest first."""
        return int(self._next(size)[::-1] @ self.weights[:size])

    def words(self, count: int) -> np.ndarray:
        """The next `count` bytes."""
        return np.packbits(self._next(count * _WORD_BITS))

    def _next(self, size: int) -> np.ndarray:
        start, self.position = self.position, self.position + size
        if self.position > self.bits.size:
            raise UserError(f"{self.source}: the run lengths end too early")
        return self.bits[start : self.position]

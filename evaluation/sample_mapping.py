"""How pixels of any type become the unsigned integers that an image file format can hold, and back."""

from dataclasses import dataclass

import numpy as np

from products.specification import ImageSpecification


class UnsupportedImage(Exception):
    """A format cannot hold these pixels; the message is the reason, for the result file."""


@dataclass(frozen=True)
class SampleMapping:
    """`sample = (digital_number - offset) * scale`, rounded and clipped to `bits`.

    Attributes:
        dtype: type of the digital numbers.
        bits: bits of a sample in the file; samples are uint8 up to 8 bits and uint16 above.
        offset: digital number of sample 0.
        scale: samples per digital number.
        requantised: True where the mapping itself loses precision (floats, or more bits than the file has).
    """

    dtype: str
    bits: int
    offset: float = 0.0
    scale: float = 1.0
    requantised: bool = False

    @property
    def peak(self) -> int:
        """The largest sample."""
        return (1 << self.bits) - 1

    @property
    def sample_type(self) -> type[np.unsignedinteger]:
        """Type of the samples in memory."""
        return np.uint8 if self.bits <= 8 else np.uint16

    def to_samples(self, pixels: np.ndarray) -> np.ndarray:
        """Digital numbers of any shape -> samples; NaN becomes sample 0."""
        if self.sample_type == pixels.dtype and self.offset == 0 and self.scale == 1:
            return np.minimum(pixels, self.peak)
        scaled = np.rint((pixels.astype(np.float64) - self.offset) * self.scale)
        return np.clip(np.nan_to_num(scaled), 0, self.peak).astype(self.sample_type)

    def to_pixels(self, samples: np.ndarray) -> np.ndarray:
        """Samples of any shape -> digital numbers of type `dtype`."""
        stored = np.dtype(self.dtype)
        if stored == samples.dtype and self.offset == 0 and self.scale == 1:
            return samples
        pixels = samples.astype(np.float64) / self.scale + self.offset
        if stored.kind == "f":
            return pixels.astype(stored)
        limits = np.iinfo(stored)
        return np.clip(np.rint(pixels), limits.min, limits.max).astype(stored)


def sample_mapping(
    specification: ImageSpecification, depths: tuple[int, ...], requantise: bool
) -> SampleMapping:
    """The mapping that loses least for a format that stores samples of the given bit depths.

    Unsigned integers whose whole type fits are stored as they are. Integers whose declared range fits are
    stored as they are too, signed ones less the low end of the range; single pixels beyond what the file
    holds are clipped. Everything else is requantised: the declared range is spread over the largest depth.

    Args:
        specification: the pixels.
        depths: bits per sample that the format offers, e.g. `(8, 10, 12)`.
        requantise: whether losing precision before coding is allowed.

    Raises:
        UnsupportedImage: only requantising would do, and it is not allowed.
    """
    stored = np.dtype(specification.dtype)
    lo, hi = specification.value_range
    bits = 8 * stored.itemsize
    if stored.kind == "u" and bits in depths:
        return SampleMapping(str(stored), bits)
    offset = lo if lo < 0 or stored.kind == "i" else 0.0
    fitting = [depth for depth in depths if hi - offset <= (1 << depth) - 1]
    if stored.kind in "ui" and fitting:
        return SampleMapping(str(stored), min(fitting), offset=float(np.floor(offset)))
    most = max(depths)
    if not requantise:
        raise UnsupportedImage(
            f"holds at most {most} bits, the pixels are {stored} in [{lo:g}, {hi:g}], and requantising is off"
        )
    return SampleMapping(str(stored), most, offset=lo, scale=((1 << most) - 1) / (hi - lo), requantised=True)

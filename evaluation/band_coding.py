"""Images with any bands and any type through the classical formats, the way each one's users would.

Three bands, and bands named red, green and blue among others, make one colour picture. The other bands are
grey pictures, one file each, or all components of one file where the format holds any number of them.
Every file is counted.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from evaluation.classical_codecs import ClassicalCodec, Jpeg2000
from evaluation.rate_search import largest_within
from evaluation.sample_mapping import SampleMapping, sample_mapping
from products.specification import ImageSpecification

COLOURS = ("red", "green", "blue")
# A flat picture of this side is nearly all header; a larger one would also hold the codes of its flat blocks.
HEADER_PROBE_SIDE = 64
# Target PSNR in dB, relative to the file's peak, between which OpenJPEG is searched for a budget.
PSNR_BRACKET = (1.0, 130.0)


@dataclass
class ImageCoder:
    """One format for the images of one specification.

    Raises:
        UnsupportedImage: the format cannot hold such pixels (see `sample_mapping`).
    """

    codec: ClassicalCodec
    specification: ImageSpecification
    mapping: SampleMapping = field(init=False)
    _headers: dict[tuple[int, int, float], int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.mapping = sample_mapping(self.specification, self.codec.depths, self.codec.requantise)

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Band indices of each file, in the order of the files."""
        bands = self.specification.bands
        names = [band.lower() for band in bands]
        colour: tuple[int, ...] = ()
        if len(bands) == len(COLOURS):
            colour = (0, 1, 2)
        elif all(names.count(name) == 1 for name in COLOURS):
            colour = tuple(names.index(name) for name in COLOURS)
        rest = tuple(index for index in range(len(bands)) if index not in colour)
        grey = (rest,) if self.codec.any_components and rest else tuple((index,) for index in rest)
        return (colour, *grey) if colour else grey

    @property
    def coding(self) -> str:
        """How bands and samples are stored, in words, for the result file."""
        bands = self.specification.bands
        parts = []
        singles = [group for group in self.groups if len(group) == 1]
        for group in self.groups:
            names = " ".join(bands[index] for index in group)
            if len(group) == len(COLOURS) and (
                len(bands) == len(COLOURS) or bands[group[0]].lower() == "red"
            ):
                parts.append(f"{names} as one colour file")
            elif len(group) > 1:
                parts.append(f"{len(group)} bands as the components of one file")
        if singles:
            parts.append(f"{len(singles)} grey file{'s' if len(singles) > 1 else ''}, one per band")
        samples = f"{'up to ' if self.mapping.bits == 16 else ''}{self.mapping.bits} bit"
        if self.mapping.requantised:
            lo, hi = self.specification.value_range
            samples += f" (requantised from {self.specification.dtype}, [{lo:g}, {hi:g}])"
        return f"{'; '.join(parts)}; {samples}; {self.codec.options}"

    def encode(self, image: np.ndarray, setting: float) -> tuple[bytes, ...]:
        """The files of an image `(C, H, W)` in digital numbers, at one setting of the codec's ladder."""
        samples = self.mapping.to_samples(image)
        bits = self._nominal_bits(samples)
        pictures = [self._picture(samples, group) for group in self.groups]
        codec = self.codec
        if not isinstance(codec, Jpeg2000):
            return tuple(codec.encode(picture, setting, bits) for picture in pictures)
        # One target for all files shares the budget out as the picture's content asks.
        return largest_within(
            lambda psnr: tuple(codec.encode(picture, psnr, bits) for picture in pictures),
            budget=setting * samples.size / 8,
            bracket=PSNR_BRACKET,
            tolerance=codec.rate_tolerance,
            resolution=codec.search_resolution_db,
        )

    def decode(self, files: tuple[bytes, ...]) -> np.ndarray:
        """The image `(C, H, W)` in digital numbers, of the specification's type, from its files."""
        pictures = [self.codec.decode(file) for file in files]
        height, width = pictures[0].shape[:2]
        samples = np.empty((self.specification.num_bands, height, width), self.mapping.sample_type)
        for group, picture in zip(self.groups, pictures, strict=True):
            if len(group) == 1:
                samples[group[0]] = picture if picture.ndim == 2 else picture[..., 0]
            else:
                samples[list(group)] = np.moveaxis(picture, -1, 0)
        return self.mapping.to_pixels(samples)

    def header_bytes(self, height: int, width: int, setting: float) -> int:
        """What files of this shape cost before they say anything about the image, in bytes.

        Measured, not parsed: the size of the files of a one-colour image with the same bands, type and
        setting, at most 64 pixels a side so that the codes of flat blocks stay out of it. Huffman tables and
        the like that are made for an image count as its payload.
        """
        key = (min(height, HEADER_PROBE_SIDE), min(width, HEADER_PROBE_SIDE), setting)
        if key not in self._headers:
            bits = self._nominal_bits(np.zeros(1, self.mapping.sample_type))
            # Mid-grey is what a JPEG or a wavelet codes as nothing at all.
            shape = (self.specification.num_bands, *key[:2])
            samples = np.full(shape, 1 << (bits - 1), self.mapping.sample_type)
            # The budget of so few pixels would be less than a header, so JPEG 2000 gets its lowest quality.
            quality = PSNR_BRACKET[0] if isinstance(self.codec, Jpeg2000) else setting
            pictures = (self._picture(samples, group) for group in self.groups)
            self._headers[key] = sum(len(self.codec.encode(picture, quality, bits)) for picture in pictures)
        return self._headers[key]

    def _picture(self, samples: np.ndarray, group: tuple[int, ...]) -> np.ndarray:
        if len(group) == 1:
            return np.ascontiguousarray(samples[group[0]])
        return np.ascontiguousarray(np.moveaxis(samples[list(group)], 0, -1))

    def _nominal_bits(self, samples: np.ndarray) -> int:
        """Bits written as the file's depth: the declared ones, or more where the image goes beyond.

        A 16-bit file of 12-bit data that does not say so is coded as if it were nearly black.
        """
        if self.mapping.bits != 16 or self.mapping.requantised:
            return self.mapping.bits
        declared = int(self.specification.value_range[1] - self.mapping.offset).bit_length()
        return min(max(9, declared, int(samples.max()).bit_length()), 16)

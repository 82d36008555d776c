"""The image formats that people use today, through `imagecodecs`: one class per format.

A format codes one picture of unsigned integers: `(H, W)` grey, `(H, W, 3)` colour, or `(H, W, N)` where it
holds any number of components. `evaluation.band_coding` makes such pictures of images with any bands and
types. Settings and options come from `conf/codec/*.yaml`, one file per format.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import imagecodecs
import numpy as np
from typing_extensions import override


class ClassicalCodec(ABC):
    """A format with its ladder of settings.

    Attributes:
        name: short name, as in the result file.
        depths: bits per sample that a file can hold.
        any_components: True where one file holds any number of bands.
        settings: the ladder, from the smallest file to the largest.
        setting_name: what a setting means, with its unit.
        requantise: whether pixels that do not fit may be requantised to the largest depth.
    """

    name: str
    depths: tuple[int, ...]
    any_components = False
    setting_name: str

    def __init__(self, settings: Sequence[float], requantise: bool) -> None:
        self.settings = tuple(settings)
        self.requantise = requantise

    @property
    @abstractmethod
    def options(self) -> str:
        """The options of the encoder in words, for the result file."""

    @abstractmethod
    def encode(self, picture: np.ndarray, setting: float, bits: int) -> bytes:
        """One file of `picture`, uint8 or uint16 with values below `2**bits`."""

    @abstractmethod
    def decode(self, file: bytes) -> np.ndarray:
        """The picture of a file, in the shape that was encoded."""


class Jpeg(ClassicalCodec):
    """JPEG, baseline, 8 bits (libjpeg-turbo; ITU-T T.81). Settings: quality 1-100.

    Args:
        chroma_subsampling: "420", "422" or "444", for colour pictures.
        optimise_huffman: write Huffman tables made for the picture in place of the standard ones.
    """

    name = "jpeg"
    depths = (8,)
    setting_name = "quality (1-100)"

    def __init__(
        self, settings: Sequence[float], requantise: bool, chroma_subsampling: str, optimise_huffman: bool
    ) -> None:
        super().__init__(settings, requantise)
        self.chroma_subsampling = str(chroma_subsampling)
        self.optimise_huffman = optimise_huffman

    @property
    @override
    def options(self) -> str:
        tables = "optimised" if self.optimise_huffman else "standard"
        return f"baseline, chroma {self.chroma_subsampling} for colour, {tables} Huffman tables"

    @override
    def encode(self, picture: np.ndarray, setting: float, bits: int) -> bytes:
        subsampling = self.chroma_subsampling if picture.ndim == 3 else None
        return bytes(
            imagecodecs.jpeg8_encode(
                picture, int(setting), subsampling=subsampling, optimize=self.optimise_huffman
            )
        )

    @override
    def decode(self, file: bytes) -> np.ndarray:
        return imagecodecs.jpeg8_decode(file)


class Jpeg2000(ClassicalCodec):
    """JPEG 2000, irreversible 9-7 wavelet, any depth (OpenJPEG; ITU-T T.800). Settings: bits per sample.

    A setting is a budget: the best file that is not larger than it (`imagecodecs` offers the encoder's target
    PSNR alone, so `evaluation.band_coding` searches the target that fills the budget). Fixed rate is how the
    format is used on board and by `opj_compress -r`.

    Args:
        container: "jp2" (file with boxes) or "j2k" (bare codestream).
        rate_tolerance: a file that fills this part of its budget less than wholly ends the search.
        search_resolution_db: steps of the target PSNR below which the search ends.
    """

    name = "jpeg2000"
    depths = (8, 16)
    any_components = True
    setting_name = "budget in bits per sample"

    def __init__(
        self,
        settings: Sequence[float],
        requantise: bool,
        container: str,
        rate_tolerance: float,
        search_resolution_db: float,
    ) -> None:
        super().__init__(settings, requantise)
        self.container = container
        self.rate_tolerance = rate_tolerance
        self.search_resolution_db = search_resolution_db

    @property
    @override
    def options(self) -> str:
        return f"{self.container}, 9-7 wavelet, multiple component transform for colour, rate by budget"

    @override
    def encode(self, picture: np.ndarray, setting: float, bits: int) -> bytes:
        """As the base class, but `setting` is the target PSNR in dB relative to `2**bits - 1`."""
        return bytes(
            imagecodecs.jpeg2k_encode(
                picture,
                setting,  # type: ignore[arg-type]  # the stub says int, the codec takes any dB
                codecformat=self.container,
                reversible=False,
                mct=picture.ndim == 3 and picture.shape[-1] == 3,
                bitspersample=bits,
                numthreads=1,
            )
        )

    @override
    def decode(self, file: bytes) -> np.ndarray:
        return imagecodecs.jpeg2k_decode(file, numthreads=1)


class WebP(ClassicalCodec):
    """WebP lossy (VP8), 8 bits, always 4:2:0 (libwebp; RFC 9649). Settings: quality 0-100.

    Grey pictures are written as three equal bands, the only way the format has.

    Args:
        method: effort, 0 (fast) to 6 (smallest file).
    """

    name = "webp"
    depths = (8,)
    setting_name = "quality (0-100)"

    def __init__(self, settings: Sequence[float], requantise: bool, method: int) -> None:
        super().__init__(settings, requantise)
        self.method = method

    @property
    @override
    def options(self) -> str:
        return f"lossy, method {self.method}, chroma 420"

    @override
    def encode(self, picture: np.ndarray, setting: float, bits: int) -> bytes:
        colour = _grey_to_colour(picture)
        return bytes(
            imagecodecs.webp_encode(colour, setting, lossless=False, method=self.method, numthreads=1)
        )

    @override
    def decode(self, file: bytes) -> np.ndarray:
        return imagecodecs.webp_decode(file, hasalpha=False)


class JpegXl(ClassicalCodec):
    """JPEG XL lossy (VarDCT, XYB), up to 16 bits (libjxl; ISO/IEC 18181). Settings: Butteraugli distance.

    Args:
        effort: 1 (fast) to 9 (smallest file).
    """

    name = "jpegxl"
    depths = (8, 16)
    setting_name = "distance (25 = smallest file)"

    def __init__(self, settings: Sequence[float], requantise: bool, effort: int) -> None:
        super().__init__(settings, requantise)
        self.effort = effort

    @property
    @override
    def options(self) -> str:
        return f"lossy VarDCT, effort {self.effort}, bare codestream"

    @override
    def encode(self, picture: np.ndarray, setting: float, bits: int) -> bytes:
        return bytes(
            imagecodecs.jpegxl_encode(
                picture,
                distance=setting,
                effort=self.effort,
                lossless=False,
                usecontainer=False,
                bitspersample=bits,
                numthreads=1,
            )
        )

    @override
    def decode(self, file: bytes) -> np.ndarray:
        return imagecodecs.jpegxl_decode(file, numthreads=1)


class Avif(ClassicalCodec):
    """AVIF (AV1 intra, libaom), 8, 10 or 12 bits (libavif; AV1 Image File Format). Settings: quality 0-100.

    Args:
        speed: 0 (smallest file) to 10 (fast).
        chroma_subsampling: "420", "422" or "444", for colour pictures; grey ones are monochrome.
    """

    name = "avif"
    depths = (8, 10, 12)
    setting_name = "quality (0-100)"

    def __init__(
        self, settings: Sequence[float], requantise: bool, speed: int, chroma_subsampling: str
    ) -> None:
        super().__init__(settings, requantise)
        self.speed = speed
        self.chroma_subsampling = str(chroma_subsampling)

    @property
    @override
    def options(self) -> str:
        return f"aom, speed {self.speed}, chroma {self.chroma_subsampling} for colour, monochrome for grey"

    @override
    def encode(self, picture: np.ndarray, setting: float, bits: int) -> bytes:
        # A two-dimensional picture would be written losslessly, whatever the quality; three equal bands
        # in a monochrome file are coded once.
        return bytes(
            imagecodecs.avif_encode(
                _grey_to_colour(picture),
                int(setting),
                speed=self.speed,
                pixelformat="400" if picture.ndim == 2 else self.chroma_subsampling,
                codec="aom",
                bitspersample=bits,
                numthreads=1,
            )
        )

    @override
    def decode(self, file: bytes) -> np.ndarray:
        return imagecodecs.avif_decode(file, numthreads=1)


def _grey_to_colour(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)

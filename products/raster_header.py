"""What the header of a raster file says, and rectangles of its pixels."""

from dataclasses import dataclass, replace

import numpy as np

from errors import UserError
from products.window import Window

RANDOM_ACCESS_DRIVERS = ("GTiff", "COG", "JP2OpenJPEG", "VRT")


class UnreadableImage(UserError):
    """A file that is not an image, or whose pixels cannot be decoded."""

    def __init__(self, sentence: str) -> None:
        # A loader worker hands its whole traceback over as the message; the sentence is at its end.
        traceback, _, last = sentence.rstrip().rpartition(f"{type(self).__name__}: ")
        super().__init__(last if "Original Traceback" in traceback else sentence)


@dataclass(frozen=True)
class RasterInfo:
    """What the header of a raster file says; plain values only.

    Attributes:
        path: the file.
        driver: short name of the format (GDAL's), or of the library that decoded it.
        height, width: pixels.
        dtype: numpy name of the stored samples (of the colours, for a palette image).
        indexes: 1-based numbers of the bands that hold pixels; a palette image counts as three.
        band_names: one name for each of `indexes`.
        nodata: the value that marks a pixel without data, or None.
        alpha: 1-based number of the band that says where there are data, or None.
        palette: True when band 1 holds numbers of colours.
        has_mask: True when the file has a mask of its own.
        bits_per_sample: as the file declares it, where that is less than the type holds; else None.
        crs: coordinate reference system as WKT, or None.
        transform: affine coefficients (a, b, c, d, e, f) from (column, row) to coordinates, or None.
    """

    path: str
    driver: str
    height: int
    width: int
    dtype: str
    indexes: tuple[int, ...]
    band_names: tuple[str, ...]
    nodata: float | None = None
    alpha: int | None = None
    palette: bool = False
    has_mask: bool = False
    bits_per_sample: int | None = None
    crs: str | None = None
    transform: tuple[float, ...] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return len(self.indexes), self.height, self.width

    @property
    def num_bytes(self) -> int:
        """Size of the decoded pixels in bytes."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    @property
    def random_access(self) -> bool:
        """True when a window can be read without decoding what lies before it."""
        return self.driver in RANDOM_ACCESS_DRIVERS

    @property
    def window(self) -> Window:
        """The whole raster."""
        return Window(0, 0, self.height, self.width)

    def select(self, bands: tuple[int, ...] | None) -> "RasterInfo":
        """The same file seen through 1-based `bands` (None = all but alpha).

        A band that is asked for by its number is pixels, even if the file calls it alpha.

        Raises:
            UserError: the file has no such band.
        """
        if bands is None:
            return self
        names = dict(zip(self.indexes, self.band_names, strict=True))
        if self.alpha is not None:
            names.setdefault(self.alpha, f"band_{self.alpha}")
        for band in bands:
            if band not in names:
                raise UserError(
                    f"data.bands asks for band {band}, but {self.path} has bands "
                    f"{', '.join(str(index) for index in sorted(names))}"
                )
        alpha = None if self.alpha in bands else self.alpha
        return replace(
            self, indexes=tuple(bands), band_names=tuple(names[band] for band in bands), alpha=alpha
        )

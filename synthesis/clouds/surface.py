"""One clear image: a picture of 8 bits, or a scene of reflectance."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError

from errors import UserError
from products.archives import archive_kind
from products.band_names import names_by_position, positions
from products.grid import Grid
from products.npz_member import is_npz, npz_member
from products.raster import RasterFile, read_info
from products.raster_facts import read_facts
from products.scene_reader import SceneReader
from products.window import Window

PICTURE, SCENE = "8-bit picture", "reflectance"
_COLOURS = {1: ("grey",), 3: ("red", "green", "blue")}  # names of a picture's bands where it has none
_MOST = np.iinfo(np.uint16).max


class Surface(ABC):
    """A clear image, read by windows.

    Attributes:
        path: file or folder.
        name: relative to what the user named.
        kind: PICTURE or SCENE.
        bands: names.
        grid: of all bands.
    """

    kind: str

    def __init__(self, path: Path, name: str, bands: tuple[str, ...], grid: Grid) -> None:
        self.path, self.name, self.bands, self.grid = path, name, bands, grid

    @abstractmethod
    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (C, h, w) uint8 or uint16, 0 where there are no data, and where there are (h, w) bool.

        Raises:
            UserError: the file is damaged there.
        """

    def pixel_m(self) -> float | None:
        """Side of the pixels in metres; None where the file does not say."""
        if self.grid.transform is None or not self.grid.crs:
            return None
        try:
            crs = CRS.from_wkt(self.grid.crs)
            metres = crs.linear_units_factor[1] if crs.is_projected else None
        except CRSError:
            return None
        return None if metres is None else abs(self.grid.transform[0]) * float(metres)

    def __str__(self) -> str:
        return f"{self.kind}, {', '.join(self.bands)}"


class PictureSurface(Surface):
    """A picture of 8 bits, whose numbers stay as they are.

    Args:
        path: the file.
        name: see `Surface`.
        bands: which, in order; None: all.
        band_order: names by position, where the file does not name its bands; None: red, green, blue, or grey.
        black_is_data: whether a pixel of zeros has data.

    Raises:
        UserError: it cannot be read, or lacks a band.
    """

    kind = PICTURE

    def __init__(
        self,
        path: Path,
        name: str,
        bands: Sequence[str] | None,
        band_order: Sequence[str] | None,
        black_is_data: bool,
    ) -> None:
        info = read_info(path)
        described = [None if text.startswith("band_") else text for text in info.band_names]
        found = names_by_position(described, None, band_order, str(path))
        if not band_order and found[0] == "band_1":
            found = _COLOURS.get(len(found), found)
        wanted = found if bands is None else tuple(bands)
        chosen = tuple(info.indexes[place] for place in positions(wanted, found, str(path)))
        self.raster, self.black_is_data = RasterFile.of(info.select(chosen)), black_is_data
        super().__init__(path, name, wanted, Grid(info.height, info.width, info.crs or "", info.transform))

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Surface.read`."""
        pixels, valid = self.raster.read_masked(window)
        if not self.black_is_data:
            valid = valid & pixels.any(0)
        return np.where(valid, pixels, np.uint8(0)), valid


class SceneSurface(Surface):
    """Reflectance x 10 000 of a scene, rounded, at least 1 where there are data.

    Args:
        path: file or folder.
        name: see `Surface`.
        whole: opens scenes of whole numbers.
        fractions: opens scenes of floats, which are reflectance where they do not say otherwise.

    Raises:
        UserError: it cannot be opened, or lacks a band.
    """

    kind = SCENE

    def __init__(self, path: Path, name: str, whole: SceneReader, fractions: SceneReader) -> None:
        self.scene = (fractions if _holds_fractions(path) else whole).open(path)
        super().__init__(path, name, self.scene.bands, self.scene.grid)

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Surface.read`."""
        numbers, valid = self.scene.read(window)
        pixels = np.clip(np.rint(numbers), 1, _MOST).astype(np.uint16)
        return np.where(valid, pixels, np.uint16(0)), valid


def is_picture(path: Path) -> bool:
    """Whether a file is a raster of 8 bits.

    Raises:
        UserError: it is no image.
    """
    if path.is_dir() or archive_kind(path) is not None:
        return False
    return read_info(path).dtype == "uint8"


def _holds_fractions(path: Path) -> bool:
    if path.is_dir():
        return False
    if is_npz(path):
        return np.dtype(npz_member(path, "img").dtype).kind == "f"
    if archive_kind(path) is not None:
        return False
    info = read_facts(path).info
    if np.dtype(info.dtype).kind not in "uif":
        raise UserError(f"{path}: found numbers of type {info.dtype}, expected reflectance")
    return np.dtype(info.dtype).kind == "f"

"""Masks: class indices on a grid, read lazily by window."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType

import numpy as np

from errors import UserError
from products.class_table import IGNORE, ClassTable
from products.grid import Grid
from products.npz_member import NpzMember
from products.single_band import SingleBand
from products.window import Window


class Mask(ABC):
    """Class indices; a context manager that closes it. Can be pickled: files open on first use in each process.

    Attributes:
        path: the file.
        name: what messages call it.
        classes: what the indices mean.
        grid: size and place.
    """

    def __init__(self, path: Path, name: str, classes: ClassTable, grid: Grid) -> None:
        self.path, self.name, self.classes, self.grid = path, name, classes, grid

    @property
    def window(self) -> Window:
        """The whole mask."""
        return Window(0, 0, *self.grid.shape)

    @abstractmethod
    def read(self, window: Window) -> np.ndarray:
        """Class indices of a window inside, (h, w) uint8, 255 where nothing is known.

        Raises:
            UserError: the file is damaged there, or holds numbers that the table does not know.
        """

    def close(self) -> None:  # noqa: B027  (some masks have nothing to close)
        """Close what is open; reading opens it again."""

    def __enter__(self) -> "Mask":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RasterMask(Mask):
    """A raster with one band; see `SingleBand`.

    What the file declares to be no data is 255, unless the table says what that number means.
    """

    def __init__(self, path: Path, classes: ClassTable) -> None:
        self.band = SingleBand(path)
        known = {*classes.ignore, *(value for values in classes.values for value in values)}
        nodata = self.band.nodata
        self._void = nodata if nodata is not None and not np.isnan(nodata) and nodata not in known else None
        super().__init__(path, str(path), classes, self.band.grid)

    def read(self, window: Window) -> np.ndarray:
        """See `Mask.read`."""
        stored = self.band.read(window)
        if self._void is None:
            return self.classes.encode(stored, self.name)
        void = stored == self._void
        indices = np.full(stored.shape, IGNORE, np.uint8)
        indices[~void] = self.classes.encode(stored[~void], self.name)
        return indices

    def close(self) -> None:
        """See `Mask.close`."""
        self.band.close()


class ArchiveMask(Mask):
    """An array (H, W), or (H, W, 1), of a `.npz` archive, without georeference."""

    def __init__(self, path: Path, member: NpzMember, classes: ClassTable) -> None:
        shape = member.shape[:2] if member.shape[2:] == (1,) else member.shape
        if len(shape) != 2 or 0 in shape:
            raise UserError(f"{path}: found {member.key} of shape {member.shape}, expected rows and columns")
        self.member = member
        super().__init__(path, f"{path}, {member.key}", classes, Grid(shape[0], shape[1]))

    def read(self, window: Window) -> np.ndarray:
        """See `Mask.read`."""
        if window.clip(*self.grid.shape) != window:
            raise ValueError(f"the window {window} reaches out of {self.name}, {self.grid.shape}")
        array = self.member.array()
        part = array[window.row : window.bottom, window.column : window.right].reshape(
            window.height, window.width
        )
        return self.classes.encode(
            np.asarray(part, np.uint8 if part.dtype == bool else part.dtype), self.name
        )

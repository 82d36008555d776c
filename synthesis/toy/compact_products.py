"""Read the two compact layouts: of latent products, and of derived ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from synthesis.toy.composing import compose
from synthesis.toy.product import Product, Window, checked_features, dataset, file_inside, opened, slices

NO_DATA = np.iinfo(np.uint16).max  # the code of a pixel that is missing
CODES = np.dtype("<u2")


class CompactProduct(Product):
    """A latent product; the file is opened for every read, so that workers share nothing.

    Args:
        path: of the index.
        index: its content.

    Raises:
        UserError: the index is none, or names a file outside of its folder.
    """

    def __init__(self, path: Path, index: dict[str, Any]) -> None:
        features = checked_features(path, index["features"])
        self._path = file_inside(path.parent, index["scene"], path)
        super().__init__(path.parent, features, list(range(features["nframes"])))

    def frame(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.frame`."""
        self.require(index)
        part = slices(window)
        height, width, bands = self.shape
        with opened(self._path) as file:
            cells = dataset(file, "annotation", (height, width, 2), "iu")[(*part, 0)]
            texture = dataset(file, "texture", self.shape, "f")[part]
            steps = (self.features["nframes"], self.features["ndigit"] + 1, bands)
            return compose(cells, texture, dataset(file, "series", steps, "f")[index])

    def annotation(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.annotation`; the same for all frames."""
        self.require(index)
        with opened(self._path) as file:
            return dataset(file, "annotation", (*self.shape[:2], 2), "iu")[slices(window)]


@dataclass(frozen=True)
class _Place:
    """Where the codes of a frame lie in the file, and what they mean: `code * scale + offset`."""

    byte: int
    scale: float
    offset: float


class CompactFrames(Product):
    """A derived product. What the HDF5 file says about itself is read once; the codes of a frame are then read
    without HDF5, at a tenth of the cost. Workers share nothing.

    Args:
        path: of the index.
        index: its content.

    Raises:
        UserError: the index is none, or names a file outside of its folder.
    """

    def __init__(self, path: Path, index: dict[str, Any]) -> None:
        self._path = file_inside(path.parent, index["frames"], path)
        numbers = index.get("frame_indices")
        if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
            raise UserError(f"{path}: frame_indices is {numbers!r}, expected the numbers of the frames")
        self._places: dict[int, _Place] = {}
        super().__init__(path.parent, checked_features(path, index["features"]), sorted(numbers))

    def frame(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.frame`."""
        self.require(index)
        if not self._places:
            self._places = self._find_places()
        place = self._places[index]
        height, width, bands = self.shape
        rows, columns = slices(window)
        first, last, _ = rows.indices(height)
        row = width * bands
        codes = self._codes(place.byte + first * row * CODES.itemsize, max(last - first, 0) * row)
        codes = codes.reshape(-1, width, bands)[:, columns]
        values = codes.astype(np.float32)
        values *= np.float32(place.scale)
        values += np.float32(place.offset)
        if codes.size and codes.max() == NO_DATA:
            values[codes == NO_DATA] = np.nan
        return values

    def annotation(self, index: int, window: Window | None = None) -> np.ndarray:
        """See `Product.annotation`; the same for all frames."""
        self.require(index)
        with opened(self._path) as file:
            return dataset(file, "annotation", (*self.shape[:2], 2), "iu")[slices(window)]

    def _find_places(self) -> dict[int, _Place]:
        count = len(self.frame_indices)
        with opened(self._path) as file:
            frames = dataset(file, "frames", (count, *self.shape), "u")
            if frames.dtype != CODES or frames.chunks != (1, *self.shape) or frames.compression is not None:
                raise UserError(
                    f"{self._path}: 'frames' is stored in another way than Nadir does, expected uint16, a frame "
                    "a chunk, not compressed"
                )
            numbers = dataset(file, "frame_indices", (count,), "iu")[:].tolist()
            if sorted(numbers) != self.frame_indices:
                raise UserError(
                    f"{self._path} holds the frames {numbers}: expected those of the product's index"
                )
            scales = dataset(file, "scale", (count,), "f")[:].tolist()
            offsets = dataset(file, "offset", (count,), "f")[:].tolist()
            places = {}
            for slot, number in enumerate(numbers):
                byte = frames.id.get_chunk_info_by_coord((slot, 0, 0, 0)).byte_offset
                if byte is None:
                    raise UserError(f"{self._path} lacks frame {number}: expected those of the index")
                places[number] = _Place(byte, scales[slot], offsets[slot])
        return places

    def _codes(self, byte: int, count: int) -> np.ndarray:
        try:
            codes = np.fromfile(self._path, CODES, count, offset=byte)
        except OSError as error:
            raise UserError(f"{self._path} cannot be read ({error}): expected a toy product") from error
        if len(codes) != count:
            raise UserError(f"{self._path} ends too early: expected an undamaged file of a toy product")
        return codes

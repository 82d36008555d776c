"""Decoded images kept in memory, so that training on small JPEG files is not a test of the JPEG decoder."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from products.raster import RasterFile
from products.raster_header import RasterInfo
from products.window import Window


class CachedReader:
    """Reads windows of images; small images are decoded once and kept, the least recently used go first.

    The cache belongs to the process: it is not pickled, and each loader worker has its own.

    Args:
        infos: headers by name.
        whole: names of the images that may be decoded as a whole. An image that is on several sides of a
            split must not be among them: training would read the pixels of the test blocks.
        cache_bytes: size of all decoded images that are kept.
        cache_image_bytes: larger images are read by windows and not kept.
    """

    def __init__(
        self,
        infos: Mapping[str, RasterInfo],
        whole: Collection[str],
        cache_bytes: int,
        cache_image_bytes: int,
    ) -> None:
        self.infos = infos
        self.cache_bytes = cache_bytes
        limit = min(cache_bytes, cache_image_bytes)
        self.whole = frozenset(name for name in whole if infos[name].num_bytes <= limit)
        self._kept: OrderedDict[str, tuple[np.ndarray, np.ndarray]] = OrderedDict()
        self._kept_bytes = 0

    def read(self, name: str, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Stored pixels (C, h, w) of a window and where they are data (h, w) bool; not to be written to.

        Raises:
            UserError: the image cannot be read.
        """
        if name not in self.whole:
            return RasterFile.of(self.infos[name]).read_masked(window)
        pixels, valid = self._image(name)
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        return pixels[:, rows, columns], valid[rows, columns]

    def _image(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        if name not in self._kept:
            pixels, valid = RasterFile.of(self.infos[name]).read_masked()
            if valid.all():
                valid = np.broadcast_to(np.True_, valid.shape)  # takes no memory
            self._kept[name] = pixels, valid
            self._kept_bytes += _size(pixels, valid)
            while self._kept_bytes > self.cache_bytes and len(self._kept) > 1:
                self._kept_bytes -= _size(*self._kept.popitem(last=False)[1])
        self._kept.move_to_end(name)
        return self._kept[name]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": OrderedDict(), "_kept_bytes": 0}


def _size(pixels: np.ndarray, valid: np.ndarray) -> int:
    return pixels.nbytes + (valid.nbytes if valid.strides[0] else 0)

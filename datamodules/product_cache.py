"""Decoded blocks of products kept in memory, so that training is no test of the decoder."""

import os
from collections import OrderedDict
from typing import Any

import numpy as np

from products.product import Geolocation, Product
from products.window import Window

Key = tuple[int, int, int, int]  # number of the product, ground sample distance, row and column of the block


class BlockStore:
    """Blocks of pixels, the least recently used go first; one for all products of a data set in a process.

    Args:
        capacity_bytes: of all blocks; the newest is kept even if it is larger.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.products = 0
        self.size_bytes = 0
        self._blocks: OrderedDict[Key, np.ndarray] = OrderedDict()

    def get(self, key: Key) -> np.ndarray | None:
        """A block, or None."""
        found = self._blocks.get(key)
        if found is not None:
            self._blocks.move_to_end(key)
        return found

    def put(self, key: Key, block: np.ndarray) -> None:
        """Keep a block that was not there."""
        self._blocks[key] = block
        self.size_bytes += block.nbytes
        while self.size_bytes > self.capacity_bytes and len(self._blocks) > 1:
            self.size_bytes -= self._blocks.popitem(last=False)[1].nbytes

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_blocks": OrderedDict(), "size_bytes": 0}


class CachedProduct(Product):
    """A product that is read by blocks which are kept.

    Blocks end at the product's edge: of a `ProductPart`, nothing outside of the part is read. In a forked process the
    files are opened anew.

    Args:
        product: the product.
        store: where blocks are kept.
        block_px: side of a block in pixels of the finest grid; of coarser grids blocks cover the same ground.
    """

    def __init__(self, product: Product, store: BlockStore, block_px: int) -> None:
        super().__init__(
            product.path,
            product.name,
            product.sensor,
            product.grids,
            offsets=product.offsets,
            scales=product.scales,
            tags=product.tags,
            synthetic=product.synthetic,
        )
        self.product, self.store = product, store
        self.number = store.products
        store.products += 1
        self.block_px = {
            distance: max(1, block_px // product.relation(distance).factor) for distance in product.grids
        }
        self._process = os.getpid()

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """See `Product.read`; not to be written to."""
        size = self.block_px[ground_sample_distance_m]
        rows = range(window.row // size, -(-window.bottom // size))
        columns = range(window.column // size, -(-window.right // size))
        if len(rows) == len(columns) == 1:
            block, place = self._block(ground_sample_distance_m, rows[0], columns[0])
            return block[:, *window.inside(place)]
        bands = len(self.sensor.group(ground_sample_distance_m))
        pixels = np.empty((bands, window.height, window.width), np.dtype(self.sensor.dtype))
        for row in rows:
            for column in columns:
                block, place = self._block(ground_sample_distance_m, row, column)
                top, left = max(place.row, window.row), max(place.column, window.column)
                common = Window(
                    top, left, min(place.bottom, window.bottom) - top, min(place.right, window.right) - left
                )
                pixels[:, *common.inside(window)] = block[:, *common.inside(place)]
        return pixels

    def geolocation(self, ground_sample_distance_m: int, window: Window) -> Geolocation | None:
        """See `Product.geolocation`."""
        return self.product.geolocation(ground_sample_distance_m, window)

    def close(self) -> None:
        """See `Product.close`."""
        self.product.close()

    def _block(self, distance: int, row: int, column: int) -> tuple[np.ndarray, Window]:
        size = self.block_px[distance]
        place = Window(row * size, column * size, size, size).clip(*self.grids[distance].shape)
        key = (self.number, distance, row, column)
        block = self.store.get(key)
        if block is None:
            if self._process != os.getpid():  # handles do not survive a fork
                self.product.close()
                self._process = os.getpid()
            block = self.product.read(distance, place)
            self.store.put(key, block)
        return block, place

"""Large products decoded once into files that random windows can be read from, as JPEG 2000 and HDF4 cannot."""

import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from errors import UserError
from products.product import Geolocation, Product
from products.product_part import ProductPart
from products.window import Window

LOG = logging.getLogger(__name__)
STRIP_ROWS = 1024  # of the finest grid, decoded at a time


class DecodedProduct(Product):
    """A product whose pixels lie in plain arrays on disk; only what is asked for is read.

    Args:
        product: what was decoded.
        folder: `<ground sample distance>.npy` for each grid, (C, h, w) stored digital numbers.
    """

    def __init__(self, product: Product, folder: Path, ground_sample_distances_m: Iterable[int]) -> None:
        super().__init__(
            product.path,
            product.name,
            product.sensor,
            {distance: product.grids[distance] for distance in ground_sample_distances_m},
            offsets=product.offsets,
            scales=product.scales,
            tags=product.tags,
            synthetic=product.synthetic,
        )
        self.product, self.folder = product, folder
        self._arrays: dict[int, np.ndarray] = {}

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """See `Product.read`."""
        if ground_sample_distance_m not in self._arrays:
            path = self.folder / f"{ground_sample_distance_m}.npy"
            self._arrays[ground_sample_distance_m] = np.load(path, mmap_mode="r", allow_pickle=False)
        whole = Window(0, 0, *self.grids[ground_sample_distance_m].shape)
        return np.array(self._arrays[ground_sample_distance_m][:, *window.inside(whole)])

    def geolocation(self, ground_sample_distance_m: int, window: Window) -> Geolocation | None:
        """See `Product.geolocation`."""
        return self.product.geolocation(ground_sample_distance_m, window)

    def close(self) -> None:
        """See `Product.close`."""
        self._arrays = {}
        self.product.close()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_arrays": {}}


def decoded_bytes(product: Product, ground_sample_distances_m: Iterable[int]) -> int:
    """Size of all pixels of these grids."""
    itemsize = np.dtype(product.sensor.dtype).itemsize
    shapes = [
        (len(product.sensor.group(distance)), *product.grids[distance].shape)
        for distance in ground_sample_distances_m
    ]
    return sum(bands * height * width * itemsize for bands, height, width in shapes)


def decoded(product: Product, cache: Path, ground_sample_distances_m: Iterable[int]) -> Product:
    """The product read from arrays on disk, which are made if the cache lacks them or the product has changed.

    Of a part of a product only the part is decoded. The arrays are made under a name of their own and renamed: of several
    processes one wins, the others use its arrays.

    Raises:
        UserError: the product is damaged, or the cache cannot be written.
    """
    distances = sorted(ground_sample_distances_m)
    folder = cache / f"{product.name}_{_key(product, distances)}"
    if not folder.is_dir():
        size = decoded_bytes(product, distances) / 2**20
        LOG.info("decoding %s (%.0f MB) into %s, once", product.name, size, cache)
        unfinished = cache / f".{folder.name}-{uuid.uuid4().hex}"
        try:
            unfinished.mkdir(parents=True)
            for distance in distances:
                _write(unfinished / f"{distance}.npy", product, distance)
            unfinished.rename(folder)
        except OSError as error:
            if not folder.is_dir():
                raise UserError(
                    f"data.cache: {folder} cannot be written ({error}), expected a writable folder with {size:.0f} MB"
                ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return DecodedProduct(product, folder, distances)


def _write(path: Path, product: Product, distance: int) -> None:
    height, width = product.grids[distance].shape
    shape = (len(product.sensor.group(distance)), height, width)
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(product.sensor.dtype), shape=shape)
    rows = max(1, STRIP_ROWS // product.relation(distance).factor)
    for row in range(0, height, rows):
        window = Window(row, 0, min(rows, height - row), width)
        array[:, row : window.bottom] = product.read(distance, window)
    array.flush()


def _key(product: Product, distances: Iterable[int]) -> str:
    part = product.window if isinstance(product, ProductPart) else None
    files = [product.path] if product.path.is_file() else _files(product.path)
    stats = [path.stat() for path in files]
    facts = [
        str(product.path.resolve()),
        [(stat.st_mtime_ns, stat.st_size) for stat in stats],
        product.sensor.name,
        [[distance, [band.name for band in product.sensor.group(distance)]] for distance in distances],
        part,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    found = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    return sorted(found)

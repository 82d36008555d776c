"""GDAL's cache of decoded blocks, bounded."""

from collections.abc import Iterator
from contextlib import contextmanager

import rasterio

DEFAULT_MEGABYTES = 64


@contextmanager
def block_cache(megabytes: int = DEFAULT_MEGABYTES) -> Iterator[None]:
    """Let GDAL keep that many megabytes of decoded blocks, in all threads, while the context lasts.

    Left alone it takes 5 % of the machine's memory. Too little, and blocks that several tiles share are decoded
    again for each of them.
    """
    with rasterio.Env(GDAL_CACHEMAX=megabytes << 20):  # rasterio takes bytes
        yield

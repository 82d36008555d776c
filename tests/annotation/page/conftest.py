"""The page's scripts without a patch, and what is on the disk."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import rasterio

from tests.fakes.annotation_page import PageDriver
from tests.fakes.annotation_server import serve


@pytest.fixture(scope="module")
def scripts(driver, written_queries) -> Iterator[PageDriver]:
    """The page, to call functions of its modules: `scripts.evaluate("async () => (await import('/mask.js')).UNKNOWN")`."""
    with serve(written_queries) as served:
        yield driver.open(served.address)
        driver.leave()


@pytest.fixture
def on_disk(queries) -> Callable[..., np.ndarray]:
    """Reads a mended mask."""

    def read(name: str = "0001") -> np.ndarray:
        with rasterio.open(queries.path / "edited" / f"{name}.tif") as file:
            return file.read(1)

    return read

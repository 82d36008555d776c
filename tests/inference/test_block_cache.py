import threading
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from inference.block_cache import block_cache


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_blocks_are_kept_in_all_threads(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pixels = np.random.default_rng(0).integers(1, 99, (1, 64, 64)).astype(np.uint8)
    layout = {"count": 1, "height": 64, "width": 64, "dtype": "uint8", "blockxsize": 32, "blockysize": 32}
    with rasterio.open(path, "w", driver="GTiff", tiled=True, **layout) as file:
        file.write(pixels)

    def second_read() -> int:
        """The sum of a block read again, after another one, when its bytes in the file are lost."""
        with rasterio.open(path) as file:
            file.read(window=Window(0, 0, 8, 8))
            file.read(window=Window(40, 40, 8, 8))
            path.write_bytes(b"")
            try:
                return int(file.read(window=Window(0, 0, 8, 8)).sum())
            finally:
                path.write_bytes(whole)

    whole = path.read_bytes()
    sums: list[int] = []
    with block_cache(8):
        thread = threading.Thread(target=lambda: sums.append(second_read()))
        thread.start()
        thread.join()
    assert sums == [pixels[0, :8, :8].sum()]
    with block_cache(0), pytest.raises(rasterio.errors.RasterioIOError):
        second_read()

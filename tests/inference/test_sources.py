from pathlib import Path

import numpy as np
import pytest
import rasterio

from errors import UserError
from inference.sources import ArraySource, PaddedSource, RasterSource
from products.window import Window


@pytest.mark.parametrize("mode", ["edge", "reflect"])
@pytest.mark.parametrize(("height", "width"), [(150, 203), (64, 64), (5, 7)])
def test_padded_windows_are_those_of_the_padded_scene(mode: str, height: int, width: int) -> None:
    array = np.random.default_rng(0).integers(0, 99, (2, height, width))
    source = PaddedSource(ArraySource(array), 64, mode)
    whole = np.pad(array, ((0, 0), (0, -height % 64), (0, -width % 64)), mode=mode)  # type: ignore[call-overload]
    assert source.shape == whole.shape
    for row in range(0, whole.shape[1], 16):
        for column in range(0, whole.shape[2], 16):
            window = Window(row, column, 32, 48).clip(*whole.shape[1:])
            rows, columns = window.inside(Window(0, 0, *whole.shape[1:]))
            np.testing.assert_array_equal(source.read(window), whole[:, rows, columns])


def test_raster_says_what_it_is(tmp_path: Path, make) -> None:
    pixels = np.random.default_rng(0).integers(0, 9999, (3, 40, 50)).astype(np.uint16)
    with RasterSource(make.write_raster(tmp_path / "a.tif", pixels, nodata=7)) as source:
        assert source.shape == (3, 40, 50)
        np.testing.assert_array_equal(source.read(Window(5, 6, 7, 8)), pixels[:, 5:12, 6:14])
        metadata = source.metadata
    assert (metadata.dtype, metadata.nodata, metadata.bands) == ("uint16", 7, ("B02", "B03", "B04"))
    assert metadata.transform == (10.0, 0, 600000.0, 0, -10.0, 5000000.0)
    assert "UTM zone 33N" in metadata.crs
    assert metadata.tags["ACQUISITION"] == "2020-06-01"


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.tif: found no such file"):
        RasterSource(tmp_path / "none.tif")
    with pytest.raises(UserError, match="found a folder"):
        RasterSource(tmp_path)
    (tmp_path / "text.tif").write_text("hello")
    with pytest.raises(UserError, match=r"text\.tif is not a raster"):
        RasterSource(tmp_path / "text.tif")


def test_a_damaged_raster_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.tif"
    pixels = np.random.default_rng(0).integers(0, 255, (1, 256, 256)).astype(np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=256, width=256, dtype="uint8", compress="deflate"
    ) as dataset:
        dataset.write(pixels)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    with RasterSource(path) as source, pytest.raises(UserError, match=r"cut\.tif cannot be read"):
        source.read(Window(0, 0, 256, 256))

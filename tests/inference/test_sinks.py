from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from errors import UserError
from inference.sinks import ArraySink, RasterSink, TemporaryFile
from inference.sources import RasterMetadata
from inference.windows import TileGrid
from products.window import Window

METADATA = RasterMetadata(
    "uint16", 0, CRS.from_epsg(32633).to_wkt(), (10.0, 0, 1.0, 0, -10.0, 2.0), ("red", ""), {"A": "b"}
)


def test_array_sink_puts_windows_in_place() -> None:
    sink = ArraySink((1, 4, 5), "uint8")
    sink.write(Window(1, 2, 2, 3), np.full((1, 2, 3), 9))
    assert sink.array.sum() == 54
    assert (sink.array[0, 1:3, 2:5] == 9).all()


def test_raster_sink_writes_a_tiled_geotiff(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 99, (2, 150, 203)).astype(np.uint16)
    path = tmp_path / "deep" / "a.tif"
    with RasterSink(path, (2, 150, 203), METADATA, 64, {"MODEL": "m"}, [(1e-4, -0.1), (2, 0)]) as sink:
        for tile in TileGrid(150, 203, 64):
            rows, columns = tile.inside(Window(0, 0, 150, 203))
            sink.write(tile, pixels[:, rows, columns])
        assert not path.exists()
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(), pixels)
        assert dataset.profile["tiled"] and dataset.profile["compress"] == "deflate"
        assert dataset.nodata == 0
        assert dataset.crs.to_epsg() == 32633
        assert dataset.descriptions == ("red", None)
        assert dataset.scales == (1e-4, 2) and dataset.offsets == (-0.1, 0)
        assert dataset.tags()["A"] == "b" and dataset.tags()["MODEL"] == "m"
        assert tuple(dataset.transform)[:6] == METADATA.transform
    assert list(path.parent.iterdir()) == [path]


def test_a_fourth_band_of_bytes_is_no_transparency(tmp_path: Path) -> None:
    metadata = RasterMetadata("uint8", 0, METADATA.crs, METADATA.transform, ("a", "b", "c", "d"))
    with RasterSink(tmp_path / "a.tif", (4, 64, 64), metadata, 64) as sink:
        sink.write(Window(0, 0, 64, 64), np.zeros((4, 64, 64), np.uint8))
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.colorinterp[3].name != "alpha"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_stays_behind_when_writing_stops(tmp_path: Path, error: type[BaseException]) -> None:
    old = tmp_path / "a.tif"
    old.write_text("old")
    with pytest.raises(error), RasterSink(old, (2, 150, 203), METADATA, 64) as sink:
        sink.write(Window(0, 0, 64, 64), np.ones((2, 64, 64), np.uint16))
        raise error
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_impossible_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        TemporaryFile(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be made"):
        TemporaryFile(tmp_path / "file" / "a.tif")
    with (
        pytest.raises(UserError, match=r"a\.tif cannot be written"),
        RasterSink(tmp_path / "a.tif", (2, 10, 10), RasterMetadata("uint8", nodata=-5), 64),
    ):
        raise AssertionError("a nodata value that the type cannot hold was accepted")
    with (
        pytest.raises(UserError, match=r"a\.tif cannot be written"),
        RasterSink(tmp_path / "a.tif", (2, 10, 10), RasterMetadata("uint8", crs="nonsense"), 64),
    ):
        raise AssertionError("a coordinate reference system that makes no sense was accepted")
    assert not (tmp_path / "a.tif").exists()

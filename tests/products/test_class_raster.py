import numpy as np
import pytest
import rasterio

from errors import UserError
from products.class_raster import ClassRasterWriter, write_classes
from products.class_table import ClassTable
from products.grid import Grid
from products.window import Window

CLASSES = ClassTable(
    name="clouds",
    classes={
        "cloud": {"values": [0], "colour": [255, 0, 0]},
        "ground": {"values": [1], "colour": [112, 153, 89]},
        "snow": {"values": [2], "colour": [115, 191, 250]},
    },
)
WKT = rasterio.CRS.from_epsg(32632).to_wkt()
PLACE = (10.0, 0.0, 499980.0, 0.0, -10.0, 5200020.0)


def mask_of(height, width):
    mask = np.random.default_rng(0).integers(0, 3, (height, width)).astype(np.uint8)
    mask[0] = 255
    return mask


@pytest.mark.parametrize("cog", [False, True])
def test_a_map_is_a_georeferenced_geotiff_with_palette_and_nodata(tmp_path, cog):
    mask = mask_of(600, 530)
    path = write_classes(
        tmp_path / "new" / "map.tif", mask, Grid(600, 530, WKT, PLACE), CLASSES, {"A": "b"}, cog=cog
    )
    with rasterio.open(path) as file:
        assert np.array_equal(file.read(1), mask)
        assert (file.dtypes, file.nodata, file.crs.to_epsg()) == (("uint8",), 255, 32632)
        assert tuple(file.transform)[:6] == PLACE
        assert file.block_shapes == [(512, 512) if cog else (256, 256)]
        assert file.compression.value == "DEFLATE"
        assert (file.tags()["NADIR_CLASSES"], file.tags()["A"]) == ("cloud,ground,snow", "b")
        colours = file.colormap(1)
        assert [colours[number] for number in (0, 1, 2)] == [
            (255, 0, 0, 255),
            (112, 153, 89, 255),
            (115, 191, 250, 255),
        ]
        assert colours[255][3] == 0
        assert bool(file.overviews(1)) == cog
        if cog:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            small = file.read(1, out_shape=(300, 265))
            assert set(np.unique(small)) <= {0, 1, 2, 255}  # no class is a mean of others
    assert [file.name for file in path.parent.iterdir()] == ["map.tif"]


def test_windows_come_in_any_order_and_what_is_not_written_is_unknown(tmp_path):
    mask = mask_of(40, 50)
    windows = [Window(16, 20, 24, 30), Window(0, 0, 16, 50)]
    whole = Window(0, 0, 40, 50)
    parts = ((window, mask[window.inside(whole)]) for window in windows)
    write_classes(tmp_path / "map.tif", parts, Grid(40, 50), CLASSES)
    expected = mask.copy()
    expected[16:, :20] = 255
    with rasterio.open(tmp_path / "map.tif") as file:
        assert np.array_equal(file.read(1), expected)
        assert file.crs is None
        assert file.transform.is_identity


def test_a_palette_of_ones_own(tmp_path):
    palette = {number: (number, 2 * number, 0, 255) for number in range(16)}
    write_classes(tmp_path / "map.tif", mask_of(8, 8), Grid(8, 8), CLASSES, palette=palette)
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.colormap(1)[15] == (15, 30, 0, 255)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_is_broken_off_leaves_what_was_there(tmp_path, error):
    (tmp_path / "map.tif").write_text("before")
    with pytest.raises(error), ClassRasterWriter(tmp_path / "map.tif", Grid(8, 8), CLASSES) as writer:
        writer.write(Window(0, 0, 8, 8), mask_of(8, 8))
        raise error
    assert (tmp_path / "map.tif").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_does_not_fit_is_refused(tmp_path):
    with ClassRasterWriter(tmp_path / "map.tif", Grid(8, 8), CLASSES) as writer:
        with pytest.raises(ValueError, match="int64"):
            writer.write(Window(0, 0, 8, 8), np.zeros((8, 8), np.int64))
        with pytest.raises(ValueError, match="reaches out"):
            writer.write(Window(4, 0, 8, 8), mask_of(8, 8))
        with pytest.raises(ValueError, match="shape"):
            writer.write(Window(0, 0, 4, 8), mask_of(8, 8))


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "folder", tmp_path / "file" / "map.tif"):
        with pytest.raises(UserError, match="cannot be written"):
            write_classes(path, mask_of(8, 8), Grid(8, 8), CLASSES)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]

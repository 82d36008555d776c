import pickle

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.warp import reproject

from errors import UserError
from products.auxiliary_layer import AuxiliaryLayer, LayerFacts
from products.grid import Grid
from products.window import Window
from tests.fakes import masks

SCENE = Grid(120, 150, masks.UTM, masks.place())
ALTITUDE = LayerFacts(nodata=(-9999.0,), valid_range=(-500.0, 9000.0), fill=7.0)
WHOLE = Window(0, 0, 120, 150)


def ramp(height, width):
    """Integers that rise by 3 a row and by 2 a column."""
    return (100 + 3 * np.arange(height)[:, None] + 2 * np.arange(width)).astype(np.int16)


def layer(path, array, facts=ALTITUDE, **options):
    return AuxiliaryLayer(masks.raster(path, array, **options), "altitude", facts)


def wide(path, facts=ALTITUDE, array=None):
    """30 m pixels from 60 m beyond the scene's corner on."""
    array = ramp(50, 60) if array is None else array
    return layer(path, array, facts, transform=masks.place(30.0, row=-6, column=-6))


def test_a_layer_on_the_same_grid_is_read_as_it_is(tmp_path):
    stored = ramp(120, 150)
    on_grid = layer(tmp_path / "a.tif", stored)
    on_grid.check_covers(SCENE, "scene")
    window = Window(20, 30, 50, 60)
    for same in (on_grid, pickle.loads(pickle.dumps(on_grid))):
        assert np.allclose(same.read(SCENE, window), stored[20:70, 30:90])
    assert on_grid.read(SCENE, window).dtype == np.float32


def test_a_coarser_layer_is_interpolated_at_the_centres_of_the_scene(tmp_path):
    values = wide(tmp_path / "a.tif").read(SCENE, WHOLE)
    rows, columns = (np.arange(120) + 0.5) / 3 + 2 - 0.5, (np.arange(150) + 0.5) / 3 + 2 - 0.5
    assert np.allclose(values, 100 + 3 * rows[:, None] + 2 * columns, atol=1e-3)


@pytest.mark.parametrize("resampling", ["bilinear", "nearest"])
@pytest.mark.parametrize("epsg", [32632, 4326, 3857])
def test_any_reference_system_gives_what_gdal_gives(tmp_path, resampling, epsg):
    array = np.random.default_rng(0).integers(0, 3000, (90, 90)).astype(np.int16)
    transform = {
        32632: masks.place(30.0, row=-10, column=-10),
        4326: (0.0003, 0.0, 8.995, 0.0, -0.0003, 45.16),
        3857: (40.0, 0.0, 1_001_000.0, 0.0, -40.0, 5_646_500.0),
    }[epsg]
    crs = CRS.from_epsg(epsg).to_wkt()
    facts = LayerFacts(resampling=resampling)
    own = layer(tmp_path / "a.tif", array, facts, crs=crs, transform=transform)
    own.check_covers(SCENE, "scene")
    expected = np.zeros(SCENE.shape, np.float32)
    reproject(
        array.astype(np.float32), expected, src_crs=crs, src_transform=Affine(*transform), dst_crs=SCENE.crs,
        dst_transform=Affine(*SCENE.transform), resampling=Resampling[resampling],
    )  # fmt: skip
    values = own.read(SCENE, WHOLE)
    # GDAL interpolates coordinates too, to an eighth of a pixel at worst; neighbours differ by up to 3000.
    assert (np.abs(values - expected) < 20).mean() > (0.98 if resampling == "nearest" else 1 - 1e-9)


def test_windows_agree_with_the_whole(tmp_path):
    crs = CRS.from_epsg(4326).to_wkt()
    array = np.random.default_rng(0).integers(-600, 3000, (90, 90)).astype(np.int16)
    own = layer(tmp_path / "a.tif", array, crs=crs, transform=(0.0003, 0.0, 8.995, 0.0, -0.0003, 45.16))
    whole = own.read(SCENE, WHOLE)
    for window in (
        Window(0, 0, 1, 1),
        Window(31, 33, 40, 70),
        Window(119, 0, 1, 150),
        Window(64, 64, 32, 32),
    ):
        assert np.allclose(own.read(SCENE, window), whole[window.inside(WHOLE)], atol=1e-3)


def test_numbers_that_mean_nothing_take_no_part(tmp_path):
    array = np.full((50, 60), 1000, np.int16)
    array[20:30, 20:30] = -9999
    array[40:, 50:] = 32767  # out of range, and declared by the file
    own = layer(tmp_path / "a.tif", array, nodata=32767, transform=masks.place(30.0, row=-6, column=-6))
    values = own.read(SCENE, WHOLE)
    assert set(np.unique(values)) == {7, 1000}  # nothing between: no weight of -9999
    assert values[(25 - 2) * 3, (25 - 2) * 3] == 7
    # From the first centre that is void to the last: 9 pixels of 30 m, and their ends.
    assert (values[48:84, 48:84] == 7).sum() == 28 * 28


def test_a_finer_layer_is_averaged_within_the_pixels_of_the_scene(tmp_path):
    coarse = Grid(20, 25, masks.UTM, masks.place(60.0))
    own = layer(tmp_path / "a.tif", ramp(60, 75), transform=masks.place(20.0))
    values = own.read(coarse, Window(2, 3, 10, 12))
    expected = ramp(60, 75).reshape(20, 3, 25, 3).mean((1, 3))
    assert np.allclose(values, expected[2:12, 3:15], atol=1e-3)
    nearest = layer(
        tmp_path / "b.tif", ramp(60, 75), LayerFacts(resampling="nearest"), transform=masks.place(20.0)
    )
    assert np.array_equal(nearest.read(coarse, Window(2, 3, 10, 12)), ramp(60, 75)[7:36:3, 10:45:3])


def test_a_layer_that_does_not_cover_the_scene_is_refused_with_both_places(tmp_path):
    wide(tmp_path / "a.tif").check_covers(SCENE, "scene")
    places = {
        "east": {"transform": masks.place(30.0, row=-6, column=12)},
        "small": {"transform": masks.place(3.0)},
        "elsewhere": {
            "crs": CRS.from_epsg(32650).to_wkt(),
            "transform": masks.place(30.0, row=-6, column=-6),
        },
    }
    for name, options in places.items():
        beside = layer(tmp_path / f"{name}.tif", ramp(50, 60), **options)
        with pytest.raises(
            UserError, match=r"altitude=.*60 pixels from x .*S2, 120 x 150 pixels from x 500000"
        ):
            beside.check_covers(SCENE, "S2")


def test_places_on_different_maps_can_be_compared(tmp_path):
    degrees = {"crs": CRS.from_epsg(4326).to_wkt(), "transform": (0.01, 0.0, 10.0, 0.0, -0.01, 46.0)}
    far = layer(tmp_path / "a.tif", ramp(50, 60), **degrees)
    with pytest.raises(
        UserError, match=r"in EPSG:4326, .* in EPSG:32632, there x 9 to 9\.0190\d*, y 45\.14\d* to 45\.15"
    ):
        far.check_covers(SCENE, "S2")


def test_edges_may_be_rounded_by_a_pixel(tmp_path):
    layer(tmp_path / "a.tif", ramp(40, 50), transform=masks.place(30.0)).check_covers(SCENE, "scene")
    short = layer(tmp_path / "b.tif", ramp(39, 50), transform=masks.place(30.0))
    short.check_covers(SCENE, "scene")
    assert np.isfinite(short.read(SCENE, WHOLE)).all()
    with pytest.raises(UserError):
        layer(tmp_path / "c.tif", ramp(38, 50), transform=masks.place(30.0)).check_covers(SCENE, "scene")


def test_without_georeference_the_size_decides(tmp_path):
    plain = layer(tmp_path / "a.tif", ramp(120, 150), crs=None)
    plain.check_covers(SCENE, "scene")
    assert np.array_equal(plain.read(SCENE, Window(5, 6, 7, 8)), ramp(120, 150)[5:12, 6:14])
    with pytest.raises(
        UserError, match="120 x 150 pixels without georeference, expected the size of scene, 40 x 50"
    ):
        plain.check_covers(Grid(40, 50), "scene")


def test_facts_of_a_config():
    facts = LayerFacts.of(
        "x", {"nodata": [255], "valid_range": [0, 100], "resampling": "nearest", "divide_by": 100}
    )
    assert facts == LayerFacts((255.0,), (0.0, 100.0), "nearest", 0.0, 100.0)
    for bad in ({"resampling": "cubic"}, {"no_data": [1]}):
        with pytest.raises(UserError, match=r"auxiliary_layers.x"):
            LayerFacts.of("x", bad)

import pickle
from datetime import datetime

import numpy as np
import pytest
from scipy.ndimage import zoom

from errors import UserError
from products.grid import Grid
from products.product_scene import ProductScene, restricted
from products.scene import SceneKey
from products.window import Window
from tests.fakes import array_product, sentinel2
from tests.products.test_sentinel2 import real_product

BANDS = ("C1", "M1", "F2", "F1")
CARTESIAN = {
    m: Grid(72 * 10 // m, 66 * 10 // m, array_product.UTM, (float(m), 0.0, 0.0, 0.0, -float(m), 0.0))
    for m in (10, 20, 60)
}


def scene(resolution_m=10, bands=BANDS, **facts):
    return ProductScene(array_product.sentinel_like(**facts), bands, resolution_m)


def test_all_bands_come_on_the_grid_asked_for():
    product = array_product.sentinel_like()
    whole = ProductScene(product, BANDS, 10)
    assert (whole.shape, whole.bands, whole.name) == ((4, 72, 66), BANDS, "scene")
    pixels, valid = whole.read(whole.window)
    assert valid.all()
    assert np.array_equal(pixels[[3, 2]], product.arrays[10])
    # Bilinear between the centres of coarse pixels, the edge repeated: scipy's zoom with grid_mode is the same.
    for band, factor, m in ((1, 2, 20), (0, 6, 60)):
        expected = zoom(product.arrays[m][0].astype(float), factor, order=1, grid_mode=True, mode="nearest")
        assert np.allclose(pixels[band], expected, atol=1e-2)


def test_finer_bands_are_averaged_over_whole_pixels():
    product = array_product.sentinel_like()
    coarse = ProductScene(product, BANDS, 20)
    pixels, _ = coarse.read(coarse.window)
    assert coarse.shape == (4, 36, 33)
    assert np.array_equal(pixels[1], product.arrays[20][0])
    assert np.allclose(pixels[3], product.arrays[10][0].reshape(36, 2, 33, 2).mean((1, 3)))
    coarsest = ProductScene(product, BANDS, 60)
    assert coarsest.shape == (4, 12, 11)
    expected = product.arrays[20][0][:36, :33].reshape(12, 3, 11, 3).mean((1, 3))
    assert np.allclose(coarsest.read(coarsest.window)[0][1], expected)


@pytest.mark.parametrize("resolution_m", [10, 20, 60])
def test_windows_agree_with_the_whole_bit_for_bit(resolution_m):
    product = array_product.sentinel_like()
    for array in product.arrays.values():
        array[:, array.shape[1] // 3 : array.shape[1] // 2, : array.shape[2] // 2] = 0
    whole = ProductScene(product, BANDS, resolution_m)
    pixels, valid = whole.read(whole.window)
    assert 0 < valid.mean() < 1
    generator = np.random.default_rng(0)
    for _ in range(30):
        height, width = generator.integers(1, [whole.grid.height, whole.grid.width])
        row = int(generator.integers(whole.grid.height - height + 1))
        column = int(generator.integers(whole.grid.width - width + 1))
        window = Window(row, column, int(height), int(width))
        part, known = whole.read(window)
        here = window.inside(whole.window)
        assert np.array_equal(part, pixels[:, *here])
        assert np.array_equal(known, valid[here])


def test_every_band_is_read_once_for_a_window():
    product = array_product.sentinel_like()
    product.arrays[60][:, 3:] = 0
    ProductScene(product, BANDS, 10).read(Window(8, 8, 40, 40))
    assert sorted(m for m, _ in product.read_windows) == [10, 20, 60]


def test_holes_of_coarse_bands_do_not_bleed():
    product = array_product.sentinel_like()
    product.arrays[60][:] = 3000
    product.arrays[60][0, 4:] = 0
    pixels, valid = ProductScene(product, BANDS, 10).read(Window(0, 0, 72, 66))
    assert valid[:24].all()
    assert not valid[24:].any()
    assert np.allclose(pixels[0, :24], 3000)
    assert not pixels[:, 24:].any()


def test_offsets_are_applied_and_saturated_pixels_are_data():
    product = array_product.sentinel_like(offsets={"F1": -1000.0})
    product.arrays[10][0, 0, :3] = 65535, 1000, 0
    pixels, valid = ProductScene(product, ("F1",), 10).read(Window(0, 0, 1, 3))
    assert pixels.tolist() == [[[64535, 0, 0]]]
    assert valid.tolist() == [[True, True, False]]


def test_other_scales_become_reflectance_of_ten_thousand():
    sensor = array_product.sensor({"F1": 10, "F2": 10}, scale=2e-5, offset=-0.1)
    product = array_product.ArrayProduct(
        sensor, {10: np.full((2, 4, 4), 20_000, np.uint16)}, scales={"F2": 4e-5}
    )
    product.physical_offsets["F2"] = -0.2
    pixels, _ = ProductScene(product, ("F1", "F2"), 10).read(Window(0, 0, 4, 4))
    assert np.allclose(pixels[:, 0, 0], [3000, 6000], rtol=1e-6)


def test_grids_that_begin_apart_have_their_common_pixels():
    product = array_product.landsat_like()
    at_15 = ProductScene(product, ("P", "A"), 15)
    assert at_15.shape == (2, 63, 57)  # centres on the edge of the coarse grid lie within it
    pixels, _ = at_15.read(Window(4, 4, 40, 40))
    assert np.allclose(pixels[1], pixels[0], atol=1)  # the same ramp of the ground
    with pytest.raises(
        UserError, match=r"15 m \(P\) whose pixels lie across those of scenes\.resolution_m=30"
    ):
        ProductScene(product, ("P", "A"), 30)
    assert ProductScene(product, ("A",), 30).grid == product.grids[30]


def test_a_grid_that_no_band_has_is_made_of_the_finest():
    product = array_product.sentinel_like()
    product.grids = CARTESIAN
    made = ProductScene(product, ("C1", "F1"), 30)
    assert (made.shape, made.grid.transform) == ((2, 24, 22), (30.0, 0.0, 0.0, 0.0, -30.0, 0.0))
    finer = ProductScene(product, BANDS, 5)
    assert (finer.shape, finer.grid.transform) == ((4, 144, 132), (5.0, 0.0, 0.0, 0.0, -5.0, 0.0))
    assert np.isfinite(finer.read(Window(0, 0, 20, 20))[0]).all()


@pytest.mark.parametrize("resolution_m", [30, 15, 7, 1000])
def test_a_grid_of_no_whole_ratio_is_one_sentence(resolution_m):
    with pytest.raises(UserError, match=rf"expected .*resolution_m.*\b{resolution_m}\b"):
        scene(resolution_m)


def test_a_restricted_sensor_needs_no_other_band(tmp_path):
    few = restricted(sentinel2.sensor(), ("B2", "B11"))
    assert list(few.bands) == ["B2", "B11"]
    folder = sentinel2.safe(tmp_path, groups={10: ["B2"], 20: ["B11"]})
    scene = ProductScene(few.open(folder), ("B11", "B2"), 10)
    assert np.array_equal(scene.read(scene.window)[0][1], sentinel2.pixels("B2", 10) - 1000.0)


def test_a_safe_is_a_scene_with_key_and_tags(tmp_path):
    with sentinel2.sensor().open(sentinel2.safe(tmp_path)) as product:
        safe = ProductScene(product, ("B2", "B1"), 10)
        assert safe.key == SceneKey("T33UUU", datetime(2023, 9, 8, 9, 30, 41))
        assert (safe.shape, safe.tags["PROCESSING_BASELINE"]) == ((2, 96, 108), "05.09")
        window = Window(10, 20, 30, 40)
        pixels, _ = safe.read(window)
        assert np.array_equal(pixels[0], sentinel2.pixels("B2", 10)[10:40, 20:60].astype(np.float32) - 1000)
        assert np.array_equal(pickle.loads(pickle.dumps(safe)).read(window)[0], pixels)


def test_a_product_without_a_telling_name_has_the_key_of_its_metadata():
    product = array_product.sentinel_like(
        tags={
            "TILE_ID": "S2A_OPER_MSI_L1C_TL_2APS_T33UUU",
            "DATATAKE_SENSING_START": "2023-09-08T09:30:41.024Z",
        }
    )
    assert ProductScene(product, BANDS, 10).key == SceneKey("T33UUU", datetime(2023, 9, 8, 9, 30, 41))
    assert scene().key is None


@pytest.mark.real
def test_windows_of_a_real_scene_agree_with_the_whole(real_data, tmp_path):
    folder = real_product(real_data, tmp_path, "S2A_MSIL1C_20230908")
    bands = ("B10", "B2", "B12", "B8A")
    facts = {"B10": 60, "B2": 10, "B12": 20, "B8A": 20}
    sensor = sentinel2.sensor(bands={name: {"ground_sample_distance_m": m} for name, m in facts.items()})
    with ProductScene(sensor.open(folder), bands, 10) as whole:
        assert whole.shape == (4, 768, 1536)
        pixels, valid = whole.read(whole.window)
        assert 0.999 < valid.mean() < 1  # a few pixels of this lossy copy are 0
        assert 300 < pixels[1][valid].mean() + 1000 < 3000
        for window in (Window(0, 0, 64, 64), Window(701, 1333, 67, 203)):
            part, known = whole.read(window)
            assert np.array_equal(part, pixels[:, *window.inside(whole.window)])
            assert np.array_equal(known, valid[window.inside(whole.window)])

import logging
import multiprocessing
import pickle

import numpy as np
import pytest
import rasterio

from errors import UserError
from products.archive_scene import ArchiveScene
from products.auxiliary_scene import AuxiliaryScene
from products.earth_engine_scene import EarthEngineScene
from products.product_scene import ProductScene
from products.raster_scene import RasterScene
from products.scene_reader import SceneReader
from products.sensor import Sensor
from products.sentinel2 import Sentinel2Reader
from products.window import Window
from tests.fakes import earth_engine, masks, sentinel2
from tests.products.test_sentinel2 import real_product

SENSOR = Sensor(
    name="sentinel2_l1c", dtype="uint16", nodata=0, valid_range=[1, 65535], scale=1e-4, readers=[Sentinel2Reader()],
    bands={band: {"ground_sample_distance_m": sentinel2.NATIVE[band]} for band in sentinel2.ORDER},
)  # fmt: skip
LAYERS = {"altitude": {"nodata": [-9999], "fill": 0}, "treecover": {"valid_range": [0, 100]}}
WINDOW = Window(7, 9, 40, 50)


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    return sentinel2.safe(tmp_path_factory.mktemp("safe"))


def dem(path, value=500):
    """A layer of 30 m that covers the SAFE of the fakes."""
    place = (30.0, 0.0, sentinel2.LEFT - 30.0, 0.0, -30.0, sentinel2.TOP + 30.0)
    crs = rasterio.CRS.from_epsg(32633).to_wkt()
    return masks.raster(path, np.full((40, 44), value, np.int16), crs=crs, transform=place)


@pytest.mark.parametrize(("resolution_m", "shape"), [(10, (96, 108)), (20, (48, 54)), (60, (16, 18))])
def test_a_safe_is_read_on_one_grid_from_folder_and_zip(safe, tmp_path, resolution_m, shape):
    reader = SceneReader(sensor=SENSOR, resolution_m=resolution_m)
    archive = sentinel2.zipped(safe, tmp_path / "a.zip")
    window = Window(1, 2, 12, 13)
    with reader.open(safe) as folder, reader.open(archive) as zipped:
        assert isinstance(folder, ProductScene)
        assert (folder.bands, folder.grid.shape) == (sentinel2.ORDER, shape)
        pixels, valid = folder.read(window)
        assert valid.all()
        assert np.array_equal(zipped.read(window)[0], pixels)
        native = [number for number, m in enumerate(sentinel2.NATIVE.values()) if m == resolution_m]
        for number in native:
            stored = sentinel2.pixels(sentinel2.ORDER[number], resolution_m)
            assert np.array_equal(pixels[number], stored[1:13, 2:15] - 1000.0)


def test_exactly_the_bands_asked_for_come_in_their_order(safe, tmp_path):
    reader = SceneReader(
        sensor=SENSOR,
        auxiliary={"altitude": dem(tmp_path / "d.tif"), "treecover": None},
        auxiliary_layers=LAYERS,
    )
    scene = reader.open(safe, bands=("B11", "altitude", "B2"))
    assert isinstance(scene, AuxiliaryScene)
    assert scene.bands == ("B11", "altitude", "B2")
    pixels, _ = scene.read(WINDOW)
    assert (pixels[1] == 500).all()
    assert np.array_equal(pixels[2], sentinel2.pixels("B2", 10)[7:47, 9:59] - 1000.0)
    assert reader.open(safe, bands=("B2",)).bands == ("B2",)
    assert reader.open(safe).bands == (*sentinel2.ORDER, "altitude")
    assert SceneReader(sensor=SENSOR, bands=("B3", "B2")).open(safe).bands == ("B3", "B2")


def test_a_product_may_lack_what_is_not_asked_for(tmp_path):
    folder = sentinel2.safe(tmp_path, without=("B10",))
    reader = SceneReader(sensor=SENSOR)
    assert reader.open(folder, bands=("B2", "B12")).shape == (2, 96, 108)
    with pytest.raises(UserError, match=r"found no image of B10 \(60 m\)"):
        reader.open(folder)


def test_each_kind_of_file_is_known_by_content(tmp_path):
    reader = SceneReader(sensor=SENSOR, tile_m=400)
    export = earth_engine.export(tmp_path / "a.tif", earth_engine.pixels(44, 43, 14))
    assert isinstance(reader.open(export), EarthEngineScene)
    assert type(SceneReader(sensor=SENSOR, tile_m=400, earth_engine=False).open(export)) is RasterScene
    small = earth_engine.export(tmp_path / "b.tif", earth_engine.pixels(20, 20), named=False)
    assert reader.open(small).bands == earth_engine.BANDS
    assert reader.open(small).read(Window(0, 0, 20, 20))[1].all()
    masks.annotated(tmp_path / "c.npz", 20, 20)
    assert isinstance(reader.open(tmp_path / "c.npz"), ArchiveScene)
    named = SceneReader(band_order=[f"x{number}" for number in range(13)])
    assert named.open(small, ["x3", "x12"]).bands == ("x3", "x12")


def test_layers_of_each_tile_or_scene(safe, tmp_path):
    for place in ("T33UUU/dem.tif", "33UUU_dem.tif", f"{safe.stem}.tif"):
        dem(tmp_path / place)
    for text in ("{tile}/dem.tif", "{mgrs}_dem.tif", "{scene}.tif"):
        scene = SceneReader(sensor=SENSOR).with_auxiliary({"altitude": f"{tmp_path}/{text}"}).open(safe)
        assert (scene.read(WINDOW)[0][-1] == 500).all()
    masks.raster(tmp_path / "unknown.tif", np.ones((2, 8, 8), np.uint16))
    with pytest.raises(UserError, match=r"found no tile in the name of .*unknown.tif"):
        SceneReader(auxiliary={"altitude": "{tile}.tif"}).open(tmp_path / "unknown.tif")


def test_other_layers_leave_the_reader_as_it_is(tmp_path):
    reader = SceneReader(auxiliary={"altitude": "a.tif"})
    other = reader.with_auxiliary({"treecover": "t.tif", "altitude": None})
    assert other.auxiliary == {"altitude": "a.tif", "treecover": "t.tif"}
    assert reader.auxiliary == {"altitude": "a.tif"}


def _sum(scene):
    return float(scene.read(WINDOW)[0].sum())


def test_scenes_are_read_in_other_processes(safe, tmp_path):
    reader = pickle.loads(
        pickle.dumps(SceneReader(sensor=SENSOR, auxiliary={"altitude": dem(tmp_path / "d.tif")}))
    )
    scene = reader.open(safe, ("B2", "altitude"))
    here = _sum(scene)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_sum, (scene,)) == here
    assert _sum(scene) == here


def test_numbers_that_look_like_reflectance_are_told_once(tmp_path, caplog):
    masks.annotated(tmp_path / "a.npz", 20, 20)
    with caplog.at_level(logging.WARNING):
        reader = SceneReader()
        reader.open(tmp_path / "a.npz")
        reader.open(tmp_path / "a.npz")
        SceneReader(scale=10_000).open(tmp_path / "a.npz")
    assert [
        record.message for record in caplog.records if "scenes.scale=10000" in record.message
    ].__len__() == 1


def test_bad_input_is_one_sentence(safe, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("nothing")
    far = dem(tmp_path / "far.tif")
    with rasterio.open(far, "r+") as file:
        file.transform = rasterio.Affine(30, 0, 0, 0, -30, 100)
    layered = SceneReader(sensor=SENSOR, auxiliary_layers=LAYERS)
    for reader, path, bands, message in (
        (SceneReader(), tmp_path / "no.tif", None, "there is no such file or folder"),
        (SceneReader(), safe, None, "no sensor is configured"),
        (SceneReader(), text, None, "a.txt"),
        (SceneReader(sensor=SENSOR), tmp_path, None, "not recognised as a product"),
        (
            SceneReader(sensor=SENSOR),
            safe,
            ("B2", "B99"),
            "found a product of sentinel2_l1c .* expected B99 among",
        ),
        (layered, safe, ("B2", "altitude"), r"expected altitude .*auxiliary.altitude=FILE"),
        (layered.with_auxiliary({"altitude": far}), safe, None, "expected a layer that covers"),
        (layered.with_auxiliary({"slope": far}), safe, None, "auxiliary.slope: found no such layer"),
        (
            layered.with_auxiliary({"altitude": tmp_path / "no.tif"}),
            safe,
            None,
            "auxiliary.altitude=.*no readable file",
        ),
    ):
        with pytest.raises(UserError, match=message) as told:
            reader.open(path, bands)
        assert "\n" not in str(told.value)
    for options, message in (
        ({"earth_engine": "maybe"}, "scenes.earth_engine: found maybe"),
        ({"resolution_m": 0}, "scenes.resolution_m: found 0"),
        ({"auxiliary_layers": {"a": {"resampling": "x"}}}, "auxiliary_layers.a.resampling"),
    ):
        with pytest.raises(UserError, match=message):
            SceneReader(**options)


@pytest.mark.real
@pytest.mark.parametrize(("metadata", "offset"), [("S2A_MSIL1C_20210908", 0), ("S2A_MSIL1C_20230908", -1000)])
def test_a_real_scene_of_thirteen_bands(real_data, tmp_path, metadata, offset):
    folder = real_product(real_data, tmp_path, metadata)
    reader = SceneReader(sensor=SENSOR)
    assert reader.find(tmp_path) == [folder]
    with reader.open(folder) as scene:
        assert (scene.bands, scene.grid.shape, scene.key.tile) == (sentinel2.ORDER, (768, 1536), "T33UUU")
        window = Window(128, 256, 200, 300)
        pixels, valid = scene.read(window)
        assert valid.mean() > 0.999
        for band in ("B02", "B08"):
            with rasterio.open(next(folder.rglob(f"*_{band}.jp2"))) as image:
                stored = image.read(1, window=rasterio.windows.Window(256, 128, 300, 200)).astype(np.float32)
            number = sentinel2.ORDER.index(f"B{int(band[1:])}")
            assert np.array_equal(pixels[number][valid], stored[valid] + offset)


def test_level_2a_is_a_matter_of_the_sensor(tmp_path):
    folder = sentinel2.safe(tmp_path, level="L2A")
    bands = [band for band in sentinel2.ORDER if band != "B10"]
    facts = {
        band: {"ground_sample_distance_m": 20 if band == "B1" else sentinel2.NATIVE[band]} for band in bands
    }
    reader = SceneReader(sensor=sentinel2.sensor(bands=facts))
    assert reader.open(folder).shape == (12, 96, 108)

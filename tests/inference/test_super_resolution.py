import json
from pathlib import Path

import hydra
import numpy as np
import pytest
import rasterio
from omegaconf import OmegaConf
from rasterio.transform import Affine
from rasterio.warp import transform

from errors import UserError
from inference.super_resolution import super_resolve
from networks.super_resolver import SuperResolver
from products.grid import Grid
from products.raster_folder import RasterFolderReader
from products.raster_folder_writing import write_raster_folder
from products.sensor import Sensor
from products.window import Window
from tests.fakes import landsat, sentinel2
from tests.fakes.small_resolvers import small_resolver

UTM = rasterio.crs.CRS.from_epsg(32633)
CORNER = (600000.0, 5000040.0)
BANDS = {
    "B4": {"ground_sample_distance_m": 10, "description": "B4 (665 nm)"},
    "B8": {"ground_sample_distance_m": 10, "description": "B8 (842 nm)"},
    "B5": {"ground_sample_distance_m": 20, "description": "B5 (705 nm)"},
    "B11": {"ground_sample_distance_m": 20, "description": "B11 (1610 nm)"},
    "B1": {"ground_sample_distance_m": 60, "description": "B1 (443 nm)"},
}


@pytest.fixture(scope="module")
def sensor():
    return Sensor(
        name="toy", bands=BANDS, dtype="uint16", nodata=0, valid_range=[1, 65535], scale=1e-4,
        readers=[RasterFolderReader()],
    )  # fmt: skip


def make_product(folder: Path, sensor: Sensor, height=96, width=102, shapes=None) -> Path:
    generator = np.random.default_rng(0)
    pixels, grids = {}, {}
    for distance in sensor.ground_sample_distances_m:
        shape = (shapes or {}).get(distance, (height * 10 // distance, width * 10 // distance))
        pixels[distance] = generator.integers(1, 5000, (len(sensor.group(distance)), *shape)).astype(
            np.uint16
        )
        place = tuple(Affine(distance, 0, CORNER[0], 0, -distance, CORNER[1]))[:6]
        grids[distance] = Grid(*shape, UTM.to_wkt(), place)
    return write_raster_folder(folder, sensor, pixels, grids, synthetic=True, tags={"LEVEL": "L1C"})


@pytest.fixture(scope="module")
def product(tmp_path_factory, sensor):
    return make_product(tmp_path_factory.mktemp("product") / "P1", sensor)


def everything(opened):
    return Window(0, 0, *opened.grids[opened.finest_m].shape)


def resolve(sensor, product, output, *targets, **options):
    networks = [small_resolver(sensor, target, source="made up") for target in targets or (20,)]
    return super_resolve(networks, None, product, output, sensor=sensor, progress=False, **options)


def test_originals_then_20_m_then_60_m_in_one_georeferenced_file(tmp_path, sensor, product):
    figures = resolve(sensor, product, tmp_path / "deep" / "out.tif", 60, 20)
    assert {key: figures[key] for key in ("bands", "rows", "columns", "tiles")} == {
        "bands": 5, "rows": 96, "columns": 102, "tiles": 1
    }  # fmt: skip
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.tif"]
    with rasterio.open(tmp_path / "deep" / "out.tif") as file, sensor.open(product) as opened:
        assert file.descriptions == (
            "B4 (665 nm)", "B8 (842 nm)", "SRB5 (705 nm)", "SRB11 (1610 nm)", "SRB1 (443 nm)"
        )  # fmt: skip
        assert file.dtypes == ("uint16",) * 5 and file.nodata == 0 and file.crs == UTM
        assert tuple(file.transform)[:6] == opened.grids[10].transform
        assert (
            file.profile["tiled"]
            and file.profile["compress"] == "deflate"
            and file.block_shapes[0] == (512, 512)
        )
        np.testing.assert_array_equal(file.read([1, 2]), opened.read(10, everything(opened)))
        assert set(file.scales) == {1e-4} and set(file.offsets) == {0}
        tags = file.tags()
    assert tags["LEVEL"] == "L1C" and tags["NADIR_PRODUCT"] == "P1" and tags["NADIR_SYNTHETIC"] == "1"
    assert tags["NADIR_WEIGHTS_20M"] == "made up" and tags["NADIR_NORMALISATION_60M"] == "(x +0) / 2000"
    assert tags["NADIR_PRECISION"] == "float32" and tags["NADIR_RADIOMETRIC_OFFSET"] == "0"
    assert json.loads(tags["NADIR_NETWORK_20M"])["target_m"] == 20


def test_a_region_lies_where_it_does_and_holds_what_it_does(tmp_path, sensor, product):
    resolve(sensor, product, tmp_path / "all.tif")
    figures = resolve(
        sensor, product, tmp_path / "part.tif", tile_size=64, region={"pixels": [13, 21, 60, 50]}
    )
    assert (figures["rows"], figures["columns"]) == (32, 50)  # [12, 20] to [61, 51]: whole pixels of 20 m
    with rasterio.open(tmp_path / "all.tif") as whole, rasterio.open(tmp_path / "part.tif") as part:
        assert part.transform == whole.transform @ Affine.translation(12, 20)
        expected = whole.read(window=rasterio.windows.Window(12, 20, 50, 32)).astype(int)
        assert np.abs(part.read() - expected).max() <= 1
        assert (part.read() == expected).mean() > 0.999


def test_sizes_that_are_no_multiples_end_where_the_last_coarse_pixel_ends(tmp_path, sensor):
    product = make_product(tmp_path / "P4", sensor, shapes={10: (444, 456), 20: (221, 227), 60: (73, 75)})
    figures = resolve(sensor, product, tmp_path / "both.tif", 20, 60, tile_size=128)
    assert (figures["rows"], figures["columns"]) == (438, 450)
    figures = resolve(sensor, product, tmp_path / "one.tif", 20, tile_size=512)
    assert (figures["rows"], figures["columns"]) == (442, 454)
    with rasterio.open(tmp_path / "both.tif") as both, rasterio.open(tmp_path / "one.tif") as one:
        found, expected = both.read([1, 2, 3, 4]).astype(int), one.read()[:, :438, :450]
    assert np.abs(found - expected).max() <= 1 and (found == expected).mean() > 0.999


def test_a_region_in_degrees(tmp_path, sensor, product):
    x, y = [CORNER[0] + 200, CORNER[0] + 500], [CORNER[1] - 300, CORNER[1] - 600]
    longitude, latitude = transform(UTM, "EPSG:4326", x, y)
    box = [longitude[0], latitude[0], longitude[1], latitude[1]]
    resolve(
        sensor, product, tmp_path / "part.tif", region={"lonlat": box, "pixels": None, "minimum_side_m": 192}
    )
    with rasterio.open(tmp_path / "part.tif") as part:
        assert part.bounds.left <= x[0] and part.bounds.right >= x[1] and part.bounds.left > x[0] - 40
        assert part.bounds.top >= y[0] and part.bounds.bottom <= y[1] and part.bounds.top < y[0] + 40


@pytest.mark.parametrize("convention, offset, first", [("product", -0.1, 0), ("harmonised", 0.0, 1000)])
def test_the_physical_value_follows_from_the_file_alone(tmp_path, sensor, convention, offset, first):
    product = make_product(tmp_path / "P2", sensor)
    card = json.loads((product / "product.json").read_text())
    card["offsets"] = dict.fromkeys(BANDS, -1000.0)
    (product / "product.json").write_text(json.dumps(card))
    resolve(sensor, product, tmp_path / "out.tif", digital_numbers=convention)
    with rasterio.open(tmp_path / "out.tif") as file, sensor.open(product) as opened:
        np.testing.assert_allclose(file.offsets, offset)
        assert file.tags()["NADIR_DIGITAL_NUMBERS"] == convention
        assert file.tags()["NADIR_RADIOMETRIC_OFFSET"] == "-1000"
        stored = opened.read(10, everything(opened))
        np.testing.assert_array_equal(
            file.read([1, 2]), np.maximum(stored.astype(int) - first, 1 if first else 0)
        )


@pytest.mark.parametrize("driver, name", [(None, "out.npz"), ("npz", "out.npz"), ("NPZ", "out.dat")])
def test_an_archive_has_an_array_for_each_band(tmp_path, sensor, product, driver, name):
    resolve(sensor, product, tmp_path / "out.tif", 20, 60)
    resolve(sensor, product, tmp_path / name, 20, 60, driver=driver)
    with rasterio.open(tmp_path / "out.tif") as file, np.load(tmp_path / name) as archive:
        assert list(archive) == ["B4", "B8", "SRB5", "SRB11", "SRB1"]
        np.testing.assert_array_equal(np.stack([archive[name] for name in archive]), file.read())


@pytest.mark.parametrize("driver, name", [("COG", "out.tif"), (None, "out.img"), ("cog", "out.tiff")])
def test_other_drivers_hold_the_same(tmp_path, sensor, product, driver, name):
    resolve(sensor, product, tmp_path / "reference" / "out.tif")
    resolve(sensor, product, tmp_path / name, driver=driver)
    with (
        rasterio.open(tmp_path / "reference" / "out.tif") as expected,
        rasterio.open(tmp_path / name) as found,
    ):
        np.testing.assert_array_equal(found.read(), expected.read())
        assert found.driver == ("GTiff" if driver else "HFA")
        assert found.descriptions == expected.descriptions and found.nodata == 0
        assert found.transform == expected.transform
        if driver:
            assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert found.tags()["NADIR_PRODUCT"] == "P1" and found.scales == expected.scales


def test_of_envis_pair_the_header_may_be_named(tmp_path, sensor, product):
    resolve(sensor, product, tmp_path / "out.hdr")
    assert {path.name for path in tmp_path.iterdir()} >= {"out.bin", "out.hdr"}
    with rasterio.open(tmp_path / "out.bin") as found:
        assert found.driver == "ENVI" and found.count == 4


def test_a_zipped_safe_of_a_recent_baseline(tmp_path):
    archive = sentinel2.zipped(sentinel2.safe(tmp_path), tmp_path / "upload")
    instrument = sentinel2.sensor()
    resolve(instrument, archive, tmp_path / "out.tif", 60, 20, tile_size=64)
    with rasterio.open(tmp_path / "out.tif") as file, instrument.open(archive) as opened:
        assert [name.split()[0] for name in file.descriptions] == [
            "B4", "B3", "B2", "B8", "SRB5", "SRB6", "SRB7", "SRB8A", "SRB11", "SRB12", "SRB1", "SRB9"
        ]  # fmt: skip
        assert (
            file.shape == opened.grids[10].shape and tuple(file.transform)[:6] == opened.grids[10].transform
        )
        np.testing.assert_allclose(file.offsets, -0.1)
        assert file.tags()["NADIR_RADIOMETRIC_OFFSET"] == "-1000"
        np.testing.assert_array_equal(file.read([1, 2, 3, 4]), opened.read(10, everything(opened)))


def test_landsats_thermal_bands_have_terms_of_their_own(tmp_path):
    folder, pixels = landsat.product(tmp_path / "scene")
    instrument = landsat.sensor()
    resolve(instrument, folder, tmp_path / "out.tif", 30)
    with rasterio.open(tmp_path / "out.tif") as file, instrument.open(folder) as opened:
        assert file.shape == (41, 48) and tuple(file.transform)[:6] == opened.grids[15].transform
        np.testing.assert_array_equal(file.read(1), pixels["B8"])
        names = [name.split()[0] for name in file.descriptions]
        terms = dict(zip(names, zip(file.scales, file.offsets, strict=True), strict=True))
    assert terms["SRB2"] == (2e-5, -0.1) and terms["SRB10"] == (3.342e-4, 0.1)


class Interrupted(SuperResolver):
    """Computes one tile and no more."""

    error: BaseException

    def forward(self, inputs):
        if getattr(self, "done", False):
            raise self.error
        self.done = True
        return super().forward(inputs)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("out of memory")])
@pytest.mark.parametrize("name", ["out.tif", "out.npz"])
def test_what_stops_half_way_leaves_nothing_and_what_was_there_stays(tmp_path, sensor, product, error, name):
    (tmp_path / name).write_text("old")
    network = small_resolver(sensor, 20)
    network.__class__, network.error = Interrupted, error
    with pytest.raises(type(error)):
        super_resolve(network, None, product, tmp_path / name, sensor=sensor, tile_size=64, progress=False)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_damaged_product_leaves_nothing(tmp_path, sensor):
    product = make_product(tmp_path / "P3", sensor, 600, 600)
    whole = (product / "20m.tif").read_bytes()
    (product / "20m.tif").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match=r"20m\.tif"):
        resolve(sensor, product, tmp_path / "out" / "out.tif", tile_size=64)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "options, message",
    [
        ({"tile_size": 32}, "tile_size=32: expected at least 64"),
        ({"precision": "float16"}, "precision=float16: expected one of float32, bfloat16"),
        ({"digital_numbers": "raw"}, "digital_numbers=raw: expected one of product, harmonised"),
        ({"driver": "GeoTif"}, "driver=GeoTif: found no such driver"),
        ({"driver": "JPEG"}, "cannot be written with driver=JPEG"),
        ({"region": {"pixels": [0, 0, 9, 9]}}, "at least 192 m"),
        ({"region": {"pixels": [500, 500, 900, 900]}}, "lies outside"),
    ],
)
def test_bad_arguments_are_one_sentence_and_leave_nothing(tmp_path, sensor, product, options, message):
    with pytest.raises(UserError, match=message) as caught:
        resolve(sensor, product, tmp_path / "out.x", **options)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_networks_must_fit_the_sensor_and_each_other(tmp_path, sensor, product):
    with pytest.raises(UserError, match="networks for 20 m, 20 m; expected different grids"):
        resolve(sensor, product, tmp_path / "out.tif", 20, 20)
    with pytest.raises(UserError, match="networks: found none"):
        super_resolve([], None, product, tmp_path / "out.tif", sensor=sensor)
    other = small_resolver(sensor, 20)
    other.sensor = "landsat8"
    with pytest.raises(UserError, match=r"a network for landsat8 .*: expected one for sensor=toy"):
        super_resolve(other, None, product, tmp_path / "out.tif", sensor=sensor)
    other.sensor, other.bands = "toy", {10: ("B8", "B4"), 20: ("B5", "B11")}
    with pytest.raises(UserError, match=r"10 m: B8, B4; .* toy has 10 m: B4, B8; 20 m"):
        super_resolve(other, None, product, tmp_path / "out.tif", sensor=sensor)
    with pytest.raises(UserError, match="same file"):
        resolve(sensor, product, product)


@pytest.mark.real
@pytest.mark.parametrize(
    "name, path, target, box",
    [
        ("landsat8", "landsat8_sattestdata_L1", 30, [0, 0, 401, 450]),
        ("sentinel2", "s2_dsen2_demo/S2A_MSIL1C_20170527_T33UUB.mat", 60, [100, 100, 599, 459]),
    ],
)
def test_real_products_in_tiles_equal_the_whole(tmp_path, real_data, repository, name, path, target, box):
    instrument = hydra.utils.instantiate(OmegaConf.load(repository / "conf" / "sensor" / f"{name}.yaml"))
    outputs = []
    for tile_size in (128, 512):
        outputs.append(tmp_path / f"{tile_size}.tif")
        region = {"pixels": box}
        resolve(instrument, real_data / path, outputs[-1], target, tile_size=tile_size, region=region)
    with rasterio.open(outputs[0]) as tiled, rasterio.open(outputs[1]) as whole:
        found, expected = tiled.read().astype(int), whole.read()
        assert tiled.transform == whole.transform and tiled.crs == whole.crs
    assert np.abs(found - expected).max() <= 1 and (found == expected).mean() > 0.999
    with instrument.open(real_data / path) as product:
        top, left = (box[1], box[0]) if target == 30 else (96, 96)  # whole pixels of 60 m
        original = product.read(product.finest_m, Window(top, left, *found.shape[1:]))
    np.testing.assert_array_equal(found[: len(original)], original)

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from hydra import compose, initialize_config_module
from rasterio.transform import Affine

from errors import UserError
from inference.segmentation import segment
from products.scene_reader import SceneReader
from running.instantiation import instantiate
from tests.fakes import sentinel2
from tests.fakes.annotated_scenes import CLOUDS
from tests.fakes.small_segmenters import small_segmenter

BANDS = ("B2", "B3", "B4")
PLACE = Affine(10, 0, 600_000, 0, -10, 5_000_000)


def write_scene(
    path: Path, height: int = 41, width: int = 70, bands=BANDS, seed: int = 0, hole: bool = True
) -> np.ndarray:
    """A GeoTIFF with band names; its upper left corner has no data."""
    pixels = np.random.default_rng(seed).integers(1, 9000, (len(bands), height, width)).astype(np.uint16)
    if hole:
        pixels[:, : height // 3, : width // 2] = 0
    path.parent.mkdir(exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=height, width=width, dtype="uint16", nodata=0,
        crs="EPSG:32633", transform=PLACE,
    ) as file:  # fmt: skip
        file.write(pixels)
        file.descriptions = bands
        file.update_tags(LEVEL="L1C")
    return pixels


def pointwise(**options):
    """A network whose map does not depend on windows."""
    return small_segmenter(kernels=(1, 1), **options)


def expected_map(network, pixels):
    with torch.no_grad():
        logits = network(torch.from_numpy(pixels[None].astype(np.float32)))[0].numpy()
    return np.where((pixels != 0).all(0), logits.argmax(0), 255)


def run(network, input, output, *, scenes=None, classes=CLOUDS, **options):
    options = {"window_size": 32, "progress": False, **options}
    return segment(network, None, input, output, scenes=scenes or SceneReader(), classes=classes, **options)


def read(path):
    with rasterio.open(path) as file:
        return file.read()


@pytest.mark.parametrize("shape", [(1, 1), (5, 90), (41, 70), (64, 64)])
@pytest.mark.parametrize(
    "options",
    [
        {}, {"border": "inside", "overlap": 0.25}, {"orientations": 8, "average": "logits", "batch_size": 3},
        {"window_size": 48, "overlap": 0.7, "prefetch": False},
    ],
)  # fmt: skip
def test_the_map_of_a_network_without_context_is_that_of_the_whole_scene(tmp_path, shape, options):
    pixels, network = write_scene(tmp_path / "scene.tif", *shape, hole=shape != (1, 1)), pointwise()
    figures = run(network, tmp_path / "scene.tif", tmp_path / "out.tif", **options)
    expected = expected_map(network, pixels)
    np.testing.assert_array_equal(read(tmp_path / "out.tif")[0], expected)
    assert (figures["rows"], figures["columns"]) == shape and figures["windows"] >= 1
    assert figures["nodata"] == (expected == 255).mean()
    known = max((expected < 255).sum(), 1)
    assert [figures[name] for name in CLOUDS.names] == [
        (expected == index).sum() / known for index in range(4)
    ]


def test_a_cog_with_palette_place_and_provenance(tmp_path):
    write_scene(tmp_path / "scene.tif")
    run(pointwise(), tmp_path / "scene.tif", tmp_path / "deep" / "out.tif", blend="published")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.tif"]
    with rasterio.open(tmp_path / "deep" / "out.tif") as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG" and file.compression.name == "deflate"
        assert file.dtypes == ("uint8",) and file.nodata == 255
        assert file.crs.to_epsg() == 32633 and file.transform == PLACE
        assert file.colormap(1)[2] == (115, 191, 250, 255) and file.colormap(1)[255] == (0, 0, 0, 0)
        tags = file.tags()
    assert tags["LEVEL"] == "L1C" and tags["NADIR_CLASSES"] == "cloud,ground,snow,water"
    assert tags["NADIR_SCENE"] == "scene" and tags["NADIR_BANDS"] == "B2,B3,B4"
    assert json.loads(tags["NADIR_NETWORK"])["name"] == "small"
    assert tags["NADIR_BLEND"] == "published" and tags["NADIR_ORIENTATIONS"] == "8"
    assert tags["NADIR_AVERAGE"] == "logits" and tags["NADIR_WINDOW_SIZE"] == "512"


@pytest.mark.parametrize("uncertainty", ["entropy", "mc_dropout", "test_time"])
def test_probabilities_and_uncertainty_lie_beside_the_map(tmp_path, uncertainty):
    pixels, network = write_scene(tmp_path / "scene.tif"), small_segmenter(dropout=0.5)
    options = {"probabilities": True, "uncertainty": uncertainty, "mc_samples": 3, "orientations": 8}
    run(network, tmp_path / "scene.tif", tmp_path / "out.tif", **options)
    valid = (pixels != 0).all(0)
    with rasterio.open(tmp_path / "out_probabilities.tif") as file:
        assert file.descriptions == CLOUDS.names and file.dtypes[0] == "float32" and np.isnan(file.nodata)
        assert file.transform == PLACE and file.tags()["NADIR_UNCERTAINTY"] == uncertainty
        shares = file.read()
    np.testing.assert_allclose(shares.sum(0)[valid], 1, atol=1e-6)
    classes = read(tmp_path / "out.tif")[0]
    np.testing.assert_array_equal(classes[valid], shares.argmax(0)[valid])
    with rasterio.open(tmp_path / "out_uncertainty.tif") as file:
        doubt = file.read(1)
        assert file.count == 1 and file.descriptions[0]
    for array in (*shares, doubt):
        np.testing.assert_array_equal(np.isnan(array), ~valid)
    assert doubt[valid].min() >= 0 and doubt[valid].max() > 0.01
    if uncertainty == "entropy":
        known = shares[:, valid].astype(np.float64)
        np.testing.assert_allclose(doubt[valid], -(known * np.log(known + 1e-12)).sum(0), atol=1e-4)


def test_the_map_is_the_same_whatever_uncertainty_is_asked_for(tmp_path):
    write_scene(tmp_path / "scene.tif")
    network = small_segmenter(dropout=0.5)
    maps = []
    for uncertainty in ("none", "entropy", "mc_dropout", "test_time"):
        output = tmp_path / f"{uncertainty}.tif"
        run(network, tmp_path / "scene.tif", output, uncertainty=uncertainty, mc_samples=2)
        maps.append(read(output))
    for other in maps[1:]:
        np.testing.assert_array_equal(other, maps[0])


def test_draws_give_the_same_file_twice_and_in_other_batches(tmp_path):
    write_scene(tmp_path / "scene.tif")
    found = []
    for number, options in enumerate(({}, {"batch_size": 3}, {"seed": 1})):
        output = tmp_path / f"{number}.tif"
        run(
            small_segmenter(dropout=0.5),
            tmp_path / "scene.tif",
            output,
            uncertainty="mc_dropout",
            mc_samples=2,
            **options,
        )
        found.append(np.nan_to_num(read(tmp_path / f"{number}_uncertainty.tif")))
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)
    assert np.abs(found[2] - found[0]).max() > 1e-3


def test_a_folder_of_scenes_gives_a_folder_of_maps(tmp_path):
    network = pointwise()
    pixels = {
        name: write_scene(tmp_path / "in" / f"{name}.tif", 20, 30, seed=number)
        for number, name in enumerate("ab")
    }
    figures = run(network, tmp_path / "in", tmp_path / "maps")
    assert figures["scenes"] == 2 and sorted(path.name for path in (tmp_path / "maps").iterdir()) == [
        "a.tif",
        "b.tif",
    ]
    for name, array in pixels.items():
        np.testing.assert_array_equal(
            read(tmp_path / "maps" / f"{name}.tif")[0], expected_map(network, array)
        )
    run(network, tmp_path / "in" / "a.tif", tmp_path / "maps")
    (tmp_path / "file").write_text("x")
    for name in ("file", "new.tif"):
        with pytest.raises(
            UserError, match="found the name of a file, expected a folder for the maps of 2 scenes"
        ):
            run(network, tmp_path / "in", tmp_path / name)


def test_several_networks_are_averaged_and_the_scene_has_the_bands_of_all(tmp_path):
    pixels = write_scene(tmp_path / "scene.tif", bands=("B4", "B2", "B8"))
    members = [
        small_segmenter(("B2", "B4"), kernels=(1, 1)),
        small_segmenter(("B8",), kernels=(1, 1), seed=1),
    ]
    run(members, tmp_path / "scene.tif", tmp_path / "out.tif", probabilities=True)
    shares = 0
    for member, chosen in zip(members, ([1, 0], [2]), strict=True):
        with torch.no_grad():
            shares = (
                shares
                + member(torch.from_numpy(pixels[None, chosen].astype(np.float32)))[0].softmax(0).numpy() / 2
            )
    valid = (pixels != 0).all(0)
    np.testing.assert_allclose(
        read(tmp_path / "out_probabilities.tif")[:, valid], shares[:, valid], atol=1e-5
    )


def test_auxiliary_layers_are_read_by_georeference_and_named(tmp_path):
    pixels = write_scene(tmp_path / "scene.tif", bands=("B2", "B3"))
    height, width = pixels.shape[1:]
    metres = np.random.default_rng(1).integers(1, 4000, (height + 20, width + 20)).astype(np.int16)
    for name, column in (("dem.tif", 10), ("elsewhere.tif", 5000)):
        with rasterio.open(
            tmp_path / name, "w", driver="GTiff", count=1, height=height + 20, width=width + 20, dtype="int16",
            crs="EPSG:32633", transform=PLACE @ Affine.translation(-column, -10),
        ) as file:  # fmt: skip
            file.write(metres, 1)
    network = small_segmenter(("B2", "B3", "altitude"), kernels=(1, 1))
    layers = {
        "altitude": {
            "nodata": [],
            "valid_range": [-500, 9000],
            "resampling": "nearest",
            "fill": 0,
            "divide_by": 5000,
        }
    }
    scenes = SceneReader(auxiliary={"altitude": tmp_path / "elsewhere.tif"}, auxiliary_layers=layers)
    run(network, tmp_path / "scene.tif", tmp_path / "out.tif", scenes=scenes,
        auxiliary={"altitude": tmp_path / "dem.tif", "treecover": None})  # fmt: skip
    whole = np.concatenate([pixels, metres[None, 10:-10, 10:-10].astype(np.uint16)])
    np.testing.assert_array_equal(read(tmp_path / "out.tif")[0], np.where(
        (pixels != 0).all(0), expected_map(network, np.where(whole == 0, 1, whole)), 255))  # fmt: skip
    with rasterio.open(tmp_path / "out.tif") as file:
        assert json.loads(file.tags()["NADIR_AUXILIARY"]) == {"altitude": "dem.tif"}
    with pytest.raises(UserError, match="elsewhere"):
        run(network, tmp_path / "scene.tif", tmp_path / "no.tif", scenes=scenes)
    with pytest.raises(
        UserError, match=r"auxiliary.lakes: found dem.tif, but the network takes no such layer"
    ):
        run(
            network,
            tmp_path / "scene.tif",
            tmp_path / "no.tif",
            scenes=scenes,
            auxiliary={"lakes": "dem.tif"},
        )
    assert not (tmp_path / "no.tif").exists()


def test_products_of_sentinel_2_as_folder_and_as_zip(tmp_path):
    folder = sentinel2.safe(tmp_path)
    archive = sentinel2.zipped(folder, tmp_path / f"{folder.name}.zip")
    scenes, network = SceneReader(sensor=sentinel2.sensor()), small_segmenter(("B2", "B8", "B11", "B1"))
    for source, name in ((folder, "a.tif"), (archive, "b.tif")):
        figures = run(network, source, tmp_path / name, scenes=scenes)
        assert (figures["rows"], figures["columns"]) == (sentinel2.SIDE * 6, (sentinel2.SIDE + 2) * 6)
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), read(tmp_path / "b.tif"))
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.transform.a == 10 and "NADIR_SCENE_KEY" in file.tags() and len(np.unique(file.read())) > 1


def test_the_border_of_an_earth_engine_export_is_nodata(tmp_path):
    side, pixel = 50, 109_800 / 48
    pixels = np.random.default_rng(0).integers(1, 9000, (13, side, side)).astype(np.uint16)
    with rasterio.open(
        tmp_path / "export.tif", "w", driver="GTiff", count=13, height=side, width=side, dtype="uint16",
        crs="EPSG:32633", transform=Affine(pixel, 0, 600_000 - pixel, 0, -pixel, 5_000_000 + pixel),
    ) as file:  # fmt: skip
        file.write(pixels)
    network = small_segmenter(sentinel2.ORDER, kernels=(1, 1))
    run(network, tmp_path / "export.tif", tmp_path / "out.tif", scenes=SceneReader(earth_engine=True))
    found = read(tmp_path / "out.tif")[0]
    np.testing.assert_array_equal(found[1:49, 1:49], expected_map(network, pixels)[1:49, 1:49])
    found[1:49, 1:49] = 255
    assert (found == 255).all()


def test_nothing_is_left_of_what_fails_and_what_was_there_stays(tmp_path):
    write_scene(tmp_path / "scene.tif", 200, 200)
    content = (tmp_path / "scene.tif").read_bytes()
    (tmp_path / "scene.tif").write_bytes(content[: len(content) // 2])
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "out.tif").write_bytes(b"before")
    with pytest.raises(UserError):
        run(pointwise(), tmp_path / "scene.tif", tmp_path / "maps" / "out.tif", uncertainty="entropy")
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["out.tif"]
    assert (tmp_path / "maps" / "out.tif").read_bytes() == b"before"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"blend": "hann"}, "blend=hann: expected one of spline, published"),
        ({"orientations": 4}, "orientations=4: expected one of 1, 8"),
        ({"uncertainty": "all"}, "uncertainty=all: expected one of none, entropy, mc_dropout, test_time"),
        ({"window_size": 100}, "window_size=100: expected a multiple of 16"),
        ({"overlap": 1.0}, "overlap=1.0: expected from 0 to below 1"),
        ({"batch_size": 0}, "batch_size=0: expected at least 1"),
        ({"uncertainty": "mc_dropout"}, "found a network without dropout"),
        ({"classes": None}, "classes is required: give the table of cloud, ground, snow, water"),
        ({"driver": "JPEG"}, "driver=JPEG"),
        ({"driver": "nothing"}, "found no such driver"),
    ],
)
def test_impossible_arguments_are_one_sentence_each(tmp_path, options, words):
    write_scene(tmp_path / "scene.tif")
    with pytest.raises(UserError, match=words):
        run(pointwise(), tmp_path / "scene.tif", tmp_path / "out.tif", **{"probabilities": True, **options})
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_what_does_not_belong_together(tmp_path):
    write_scene(tmp_path / "scene.tif")
    scene, output = tmp_path / "scene.tif", tmp_path / "out.tif"
    with pytest.raises(
        UserError, match="found cloud, ground, snow, water, expected clear, cloud of the network"
    ):
        run(pointwise(classes=("clear", "cloud")), scene, output)
    with pytest.raises(UserError, match="found networks of the classes"):
        run([pointwise(), pointwise(classes=("clear", "cloud"))], scene, output)
    with pytest.raises(UserError, match="B12"):
        run(small_segmenter(("B2", "B12")), scene, output)
    with pytest.raises(UserError, match="the same file"):
        run(pointwise(), scene, scene)


def test_every_key_of_the_task_is_an_argument_and_the_reader_is_the_runs():
    run_data = {"scale": 2.0, "auxiliary": {"altitude": "a.tif"}, "nodata": None, "resolution_m": 60}
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("predict", ["task=segment", "classes=clouds", "+data.scenes={scale: 1.0}"])
        config.data.scenes = run_data
        task = instantiate(config.task, _partial_=True)
    expected = set(inspect.signature(segment).parameters) - {"network", "specification", "input", "output"}
    assert set(task.keywords) == expected and task.keywords["classes"].names == CLOUDS.names
    scenes = task.keywords["scenes"]
    assert (scenes.scale, scenes.resolution_m, scenes.nodata) == (2.0, 60, None)
    assert scenes.auxiliary == {"altitude": "a.tif"}
    assert set(task.keywords["auxiliary"].values()) == {None}
    defaults = {name: kind.default for name, kind in inspect.signature(segment).parameters.items()}
    for key, value in task.keywords.items():
        if key not in ("scenes", "classes", "auxiliary", "driver_options"):
            assert defaults[key] == value, key


@pytest.mark.real
def test_a_real_image_without_georeference_whose_bands_have_no_names(tmp_path, real_data):
    source = real_data / "cloudmask_ukis_csmask" / "sentinel2_left_dev_converted.npz"
    order = ("B2", "B3", "B4", "B8", "B11", "B12")
    network = small_segmenter(("B4", "B11"), kernels=(1, 1))
    run(network, source, tmp_path / "out.tif", scenes=SceneReader(band_order=order, scale=10_000))
    with np.load(source) as archive:
        reflectance = archive["img"].transpose(2, 0, 1)
    with torch.no_grad():
        logits = network(torch.from_numpy(reflectance[None, [2, 4]] * np.float32(10_000)))[0].numpy()
    with rasterio.open(tmp_path / "out.tif") as file:
        found = file.read(1)
        assert file.crs is None
    valid = found < 255
    assert valid.mean() > 0.99 and (found == logits.argmax(0))[valid].mean() > 0.9999

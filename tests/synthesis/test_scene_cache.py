"""The generator of scene caches: what is read from them is what the scenes hold."""

import logging

import numpy as np
import pytest
import rasterio
from hydra.utils import instantiate
from omegaconf import OmegaConf

from errors import UserError
from products.class_table import ClassTable
from products.mask_reader import MaskReader
from products.scene_index import paths_of, read_index
from products.window import Window
from synthesis.scene_cache import generate
from tests.fakes import exolabs, sentinel2

SIDE = 3  # pixels of the 60 m grid


@pytest.fixture(scope="module")
def settings(repository):
    """The keys of the config, built."""
    config = OmegaConf.load(repository / "conf" / "generator" / "scene_cache.yaml")
    del config["defaults"], config["_target_"], config["_convert_"]
    config.classes = OmegaConf.load(repository / "conf" / "classes" / "clouds.yaml")
    config.scenes.sensor = OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml")
    config.scenes.auxiliary_layers = OmegaConf.load(repository / "conf" / "auxiliary_layers" / "default.yaml")
    built = OmegaConf.to_container(config)
    built["classes"] = instantiate(config.classes)
    built["scenes"] = instantiate(config.scenes, _convert_="all")
    return {**built, "progress": False}


def cache(folder, settings, output="cache", **changes):
    return generate(folder / output, **{**settings, "images": str(folder / "scenes"), **changes})


def both(settings, scene, kept, **changes):
    """Pixels and validity of a scene and of the cached one."""
    reader = settings["scenes"](**changes)
    results = []
    for path in (scene, kept):
        with reader.open(path) as opened:
            results.append((*opened.read(opened.window), opened))
    return results


@pytest.mark.parametrize("resolution_m", [10, 20, 60])
def test_products_are_read_from_the_cache_as_from_themselves(tmp_path, settings, resolution_m):
    safe = sentinel2.safe(tmp_path / "scenes", side=SIDE)
    cache(tmp_path, settings, resolution_m=resolution_m)
    (kept,) = paths_of(tmp_path / "cache")
    (pixels, valid, scene), (found, known, other) = both(settings, safe, kept, resolution_m=resolution_m)
    assert other.bands == scene.bands and other.name == scene.name and other.key == scene.key
    assert other.grid.transform == scene.grid.transform and other.shape == scene.shape
    np.testing.assert_array_equal(known, valid)
    np.testing.assert_allclose(found, pixels, atol=0.5)
    native = [band for band, distance in sentinel2.NATIVE.items() if distance == resolution_m]
    places = [scene.bands.index(band) for band in native]
    np.testing.assert_array_equal(found[places], pixels[places])


def test_numbers_below_zero_and_missing_ones_are_told_apart(tmp_path, settings):
    """From baseline 04.00 on reflectance 0 is stored as 1000, so dark pixels become negative."""
    safe = sentinel2.safe(tmp_path / "scenes", side=SIDE)
    image = sentinel2.image_of(safe, "B2")
    array = sentinel2.pixels("B2", 10, SIDE)
    array[0], array[1], array[2] = 0, 1, 65535
    sentinel2.write_image(image, array, 10)
    cache(tmp_path, settings, bands=["B2", "B3"])
    (kept,) = paths_of(tmp_path / "cache")
    (pixels, valid, _), (found, known, scene) = both(settings, safe, kept, bands=["B2", "B3"])
    assert scene.bands == ("B2", "B3")
    np.testing.assert_array_equal(known, valid)
    assert not valid[0].any() and valid[1:].all()
    np.testing.assert_array_equal(found, pixels)
    assert (found[0, 1] == -999).all() and (found[0, 2] == 64535).all()


def test_other_programs_can_undo_the_shift(tmp_path, settings):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    cache(tmp_path, settings, bands=["B2"])
    (kept,) = paths_of(tmp_path / "cache")
    with rasterio.open(kept) as file:
        stored = file.read(1).astype(float)
        assert file.nodata == 0 and file.dtypes == ("uint16",) and file.descriptions == ("B2",)
        np.testing.assert_array_equal(
            stored + file.offsets[0], sentinel2.pixels("B2", 10, SIDE).astype(float) - 1000
        )
        assert file.profile["tiled"] and file.compression.name == "zstd"
        assert (
            file.tags()["NADIR_KEY"] == "T33UUU_20230908T093041"
            and file.tags()["PROCESSING_BASELINE"] == "05.09"
        )


def test_the_index_says_what_is_there(tmp_path, settings):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    sentinel2.safe(tmp_path / "scenes", side=SIDE, tile="T32TNS")
    cache(tmp_path, settings, resolution_m=20)
    entries = read_index(tmp_path / "cache")
    assert [str(entry.key) for entry in entries] == ["T32TNS_20230908T093041", "T33UUU_20230908T093041"]
    assert {(entry.resolution_m, entry.height, entry.baseline, entry.level) for entry in entries} == {
        (20, 9, "05.09", "L1C")
    }


def test_auxiliary_layers_become_bands_in_their_units(tmp_path, settings):
    safe = sentinel2.safe(tmp_path / "scenes", side=SIDE)
    altitude = np.linspace(-400, 400, 60 * 60).reshape(60, 60).astype(np.float32)
    layer = exolabs.write(
        tmp_path / "dem.tif", altitude, left=sentinel2.LEFT - 60, top=sentinel2.TOP + 60, crs="EPSG:32633"
    )
    cache(tmp_path, settings, bands=["B2", "altitude"], auxiliary={"altitude": str(layer)})
    (kept,) = paths_of(tmp_path / "cache")
    reader = settings["scenes"](bands=["B2", "altitude"], auxiliary={"altitude": str(layer)})
    with reader.open(safe) as scene, settings["scenes"]().open(kept) as other:
        assert other.bands == ("B2", "altitude")
        pixels, found = scene.read(scene.window)[0], other.read(other.window)[0]
    np.testing.assert_allclose(found[1], pixels[1], atol=0.5)
    assert found[1].min() < -200


def test_masks_come_along_on_the_grid_of_the_cache(tmp_path, settings):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    shape = (6 * SIDE, 6 * (SIDE + 2))
    classes = np.random.default_rng(0).choice([0, 1, 2, 3, 255], shape).astype(np.uint8)
    place = {"left": sentinel2.LEFT, "top": sentinel2.TOP, "crs": "EPSG:32633"}
    exolabs.write(tmp_path / "masks" / "T33UUU_20230908T093041.tif", classes, **place)
    for resolution_m in (10, 20):
        cache(tmp_path, settings, str(resolution_m), masks=str(tmp_path / "masks"), resolution_m=resolution_m)
        (kept,) = paths_of(tmp_path / str(resolution_m))
        path = tmp_path / str(resolution_m) / "masks" / kept.name
        with (
            settings["scenes"]().open(kept) as scene,
            MaskReader(settings["classes"]).open(path, scene=scene) as mask,
        ):
            found = mask.read(mask.window)
        step = resolution_m // 10
        np.testing.assert_array_equal(found, classes[step // 2 :: step, step // 2 :: step])


def test_masks_inside_of_archives_are_kept_with_the_numbers_of_their_table(tmp_path, settings):
    table = ClassTable(
        name="odd",
        classes={
            "shadow": {"values": [0], "colour": [9, 9, 9]},
            "cloud": {"values": [4, 255], "colour": [255, 0, 0]},
        },
        ignore=[],
    )
    (tmp_path / "scenes").mkdir()
    image = np.random.default_rng(0).random((20, 24, 3)).astype(np.float32)
    mask = np.random.default_rng(1).choice([0, 4, 255], (20, 24, 1)).astype(np.uint8)
    np.savez(tmp_path / "scenes" / "a.npz", img=image, msk=mask)
    scenes = instantiate(
        {
            "_target_": "products.scene_reader.SceneReader",
            "_partial_": True,
            "band_order": ["B2", "B3", "B4"],
            "scale": 1e4,
        }
    )
    cache(tmp_path, settings, classes=table, scenes=scenes)
    (kept,) = paths_of(tmp_path / "cache")
    with MaskReader(table).open(tmp_path / "cache" / "masks" / kept.name) as found:
        np.testing.assert_array_equal(found.read(found.window), (mask[..., 0] != 0).astype(np.uint8))
    with settings["scenes"]().open(kept) as scene:
        np.testing.assert_allclose(scene.read(scene.window)[0], image.transpose(2, 0, 1) * 1e4, atol=0.51)


def test_an_interrupted_call_goes_on_and_any_number_of_workers_gives_the_same_bytes(tmp_path, settings):
    for tile in ("T33UUU", "T32TNS", "T13TDE"):
        sentinel2.safe(tmp_path / "scenes", side=SIDE, tile=tile)
    cache(tmp_path, settings)
    cache(tmp_path, settings, "three", num_workers=3)
    kept = paths_of(tmp_path / "cache")
    contents = [path.read_bytes() for path in kept]
    assert contents == [path.read_bytes() for path in paths_of(tmp_path / "three")]
    assert len(contents) == 3
    kept[0].unlink()
    before = kept[1].stat().st_mtime_ns
    cache(tmp_path, settings)
    assert contents == [path.read_bytes() for path in kept] and kept[1].stat().st_mtime_ns == before


def test_a_scene_that_stops_halfway_leaves_nothing(tmp_path, settings, monkeypatch):
    from products.product_scene import ProductScene

    sentinel2.safe(tmp_path / "scenes", side=SIDE)

    def interrupted(self, window):
        raise KeyboardInterrupt

    monkeypatch.setattr(ProductScene, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache(tmp_path, settings)
    assert [path.name for path in (tmp_path / "cache").rglob("*")] == ["images"]


def test_a_damaged_scene_keeps_no_other_from_being_kept(tmp_path, settings):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    (tmp_path / "scenes" / "b.tif").write_bytes(
        exolabs.write(
            tmp_path / "b.tif", np.random.default_rng(0).integers(1, 9999, (3, 300, 300)).astype(np.uint16)
        ).read_bytes()[:200_000]
    )
    with pytest.raises(UserError, match=r"1 of 2 scenes failed, the others are in .*cache: .*b\.tif"):
        cache(tmp_path, settings)
    assert len(read_index(tmp_path / "cache")) == 1
    sentinel2.cut(sentinel2.image_of(sentinel2.safe(tmp_path / "other" / "scenes", side=20), "B2"), 0.5)
    with pytest.raises(UserError, match=r"1 of 1 scenes failed: .*B02\.jp2"):
        cache(tmp_path / "other", settings)
    assert not (tmp_path / "other" / "cache").exists()


def test_scenes_of_one_name_are_refused(tmp_path, settings):
    for folder in ("a", "b"):
        exolabs.write(tmp_path / "scenes" / folder / "20210126.tif", np.ones((3, 8, 8), np.uint16))
    with pytest.raises(
        UserError, match=r"generator\.images: found .*a/20210126\.tif and .*b/20210126\.tif, both of 20210126"
    ):
        cache(tmp_path, settings)
    assert not (tmp_path / "cache").exists()


def test_names_of_folders_that_tell_the_tile_are_kept(tmp_path, settings):
    for tile in ("32TNS", "32TMS"):
        exolabs.write(tmp_path / "scenes" / tile / "20210126.tif", np.ones((3, 8, 8), np.uint16))
    cache(tmp_path, settings)
    assert [path.name for path in paths_of(tmp_path / "cache")] == [
        "T32TMS_20210126.tif",
        "T32TNS_20210126.tif",
    ]


def test_another_setting_is_refused_unless_overwritten(tmp_path, settings):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    cache(tmp_path, settings)
    with pytest.raises(UserError, match="found a file made with bands="):
        cache(tmp_path, settings, bands=["B2"])
    cache(tmp_path, settings, bands=["B2"], overwrite=True)
    (kept,) = paths_of(tmp_path / "cache")
    with settings["scenes"]().open(kept) as scene:
        assert scene.bands == ("B2",) and scene.read(Window(0, 0, 4, 4))[1].all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compression": "jpeg"}, r"generator\.compression: found 'jpeg', expected one of zstd"),
        ({"tile_px": 100}, r"generator\.tile_px: found 100, expected a multiple of 16"),
        ({"shift": 70000}, r"generator\.shift: found 70000"),
        ({"masks": "nowhere"}, r"masks=nowhere: there is no such file"),
        ({"images": "nowhere"}, r"images=nowhere: there is no such file"),
        ({"mask_resampling": "cubic"}, r"resampling: found cubic"),
    ],
)
def test_impossible_settings_are_one_sentence(tmp_path, settings, changes, words):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    with pytest.raises(UserError, match=words):
        cache(tmp_path, settings, **changes)
    assert not (tmp_path / "cache").exists()


def test_images_without_masks_are_kept_and_named(tmp_path, settings, caplog):
    for name in ("20210126", "20210127"):
        exolabs.write(tmp_path / "scenes" / f"{name}.tif", np.ones((3, 8, 8), np.uint16))
    exolabs.write(tmp_path / "masks" / "20210126.tif", np.ones((8, 8), np.uint8))
    with caplog.at_level(logging.WARNING):
        cache(tmp_path, settings, masks=str(tmp_path / "masks"))
    assert len(paths_of(tmp_path / "cache")) == 2 and "20210127" in caplog.text
    assert [path.name for path in (tmp_path / "cache" / "masks").iterdir()] == ["20210126.tif"]


def test_the_verb_makes_a_cache_of_an_index(tmp_path, verb):
    sentinel2.safe(tmp_path / "scenes", side=SIDE)
    index, kept = tmp_path / "index", tmp_path / "cache"
    outcome = verb("generate", "generator=scene_index", f"input={tmp_path / 'scenes'}", f"output={index}")
    assert outcome.status == 0, outcome.err
    outcome = verb(
        "generate", "generator=scene_cache", f"images={index}", f"output={kept}", "resolution_m=20"
    )
    assert outcome.status == 0, outcome.err
    assert len(read_index(kept)) == 1

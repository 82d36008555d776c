"""The generator of labels, on files in the true layouts."""

import logging

import numpy as np
import pytest
import rasterio
from hydra.utils import instantiate
from omegaconf import OmegaConf
from rasterio.transform import Affine
from rasterio.warp import transform

from errors import UserError
from products.mask_reader import MaskReader
from synthesis.labels.generation import generate
from synthesis.labels.report import TABLE
from tests.fakes import exolabs, sentinel2
from tests.synthesis.labels.test_rules import CLOUD, GROUND, SNOW, UNKNOWN, WATER

MASK = "T32TNS_20210126T102311.tif"


@pytest.fixture(scope="module")
def settings(repository):
    """The keys of the config, built."""
    config = OmegaConf.load(repository / "conf" / "generator" / "labels.yaml")
    del config["defaults"], config["_target_"], config["_convert_"]
    config.classes = OmegaConf.load(repository / "conf" / "classes" / "clouds.yaml")
    config.scenes.sensor = OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml")
    built = OmegaConf.to_container(config)
    built["classes"], built["scenes"] = instantiate(config.classes), instantiate(config.scenes)
    return {**built, "progress": False}


def make(folder, settings, output="masks", **changes):
    given = {
        "exolabs": str(folder / "exolabs"), "cloudless": str(folder / "cloudless"), "water": str(folder / "water.tif"),
    }  # fmt: skip
    return generate(folder / output, **{**settings, **given, **changes})


def read(path):
    with rasterio.open(path) as file:
        return file.read(1)


def expected(scene, snow, percent, water):
    """The rule `cloudless_exolabs`, painted in the order of its classes."""
    mask = np.full(scene.shape, UNKNOWN)
    mask[(snow == 1) | (scene == 2)] = GROUND
    mask[water == 1] = WATER
    mask[snow == 2] = SNOW
    mask[percent > 50] = CLOUD
    return mask


def test_a_mask_has_the_classes_of_the_rule_the_palette_and_the_place(tmp_path, settings):
    sources = exolabs.sources(tmp_path)
    make(tmp_path, settings)
    with rasterio.open(tmp_path / "masks" / MASK) as file:
        np.testing.assert_array_equal(file.read(1), expected(*sources))
        assert (file.transform.c, file.transform.f, file.res) == (exolabs.LEFT, exolabs.TOP, (10, 10))
        assert file.crs.to_epsg() == 32632 and file.nodata == 255 and file.dtypes == ("uint8",)
        assert [file.colormap(1)[index][:3] for index in range(4)] == [
            (255, 0, 0), (112, 153, 89), (115, 191, 250), (242, 238, 162),
        ]  # fmt: skip
        assert file.tags()["NADIR_KEY"] == "T32TNS_20210126T102311"


def test_masks_are_read_as_any_others(tmp_path, settings):
    sources = exolabs.sources(tmp_path)
    make(tmp_path, settings)
    with MaskReader(settings["classes"]).open(tmp_path / "masks" / MASK) as mask:
        np.testing.assert_array_equal(mask.read(mask.window), expected(*sources))


def test_the_rule_exolabs_needs_no_cloud_probability(tmp_path, settings):
    scene, _, _, water = exolabs.sources(tmp_path)
    make(tmp_path, settings, rule="exolabs", cloudless=None)
    mask = read(tmp_path / "masks" / "T32TNS_20210126.tif")
    assert (
        (mask[scene == 3] == CLOUD).all()
        and (mask[scene == 4] == SNOW).all()
        and (mask[scene == 0] == UNKNOWN).all()
    )
    clear = (scene == 1) | (scene == 2)
    assert (mask[clear & (water == 1)] == WATER).all() and (mask[clear & (water == 0)] == GROUND).all()


def test_sources_on_other_grids_are_brought_there_by_georeference(tmp_path, settings):
    """A water map in degrees, a coarser cloud probability, exports with a border: the mask follows the map coordinates."""
    scene, snow = np.ones((40, 48)), np.ones((40, 48))
    exolabs.exolabs(tmp_path / "exolabs", scene, snow)
    percent = np.zeros((22, 26), np.uint8)
    percent[:, :13] = 90  # left of column 24 - 2
    exolabs.cloudless(
        tmp_path / "cloudless", percent, resolution=20, left=exolabs.LEFT - 40, top=exolabs.TOP + 20
    )
    middle = exolabs.TOP - 200
    x, y = transform("EPSG:32632", "EPSG:4326", [exolabs.LEFT, exolabs.LEFT], [exolabs.TOP, middle])
    wet = np.zeros((200, 400), np.uint8)
    row = round((y[0] + 0.01 - y[1]) / 1e-4)
    wet[row:] = 1  # south of the middle
    with rasterio.open(
        tmp_path / "water.tif", "w", driver="GTiff", count=1, height=200, width=400, dtype="uint8", crs="EPSG:4326",
        transform=Affine(1e-4, 0, x[0] - 0.01, 0, -1e-4, y[0] + 0.01),
    ) as file:  # fmt: skip
        file.write(wet, 1)
    make(tmp_path, settings)
    mask = read(tmp_path / "masks" / MASK)
    assert (
        (mask[:, :21] == CLOUD).all() and (mask[:18, 23:] == GROUND).all() and (mask[22:, 23:] == WATER).all()
    )


def test_coarser_masks_keep_the_corner(tmp_path, settings):
    exolabs.sources(tmp_path)
    make(tmp_path, settings, resolution_m=20)
    with rasterio.open(tmp_path / "masks" / MASK) as file:
        assert file.shape == (20, 24) and file.res == (20, 20) and file.transform.c == exolabs.LEFT


def test_two_acquisitions_of_a_day_and_neighbouring_tiles_are_kept_apart(tmp_path, settings):
    scene, snow, percent, water = exolabs.sources(tmp_path)
    exolabs.cloudless(tmp_path / "cloudless", 0 * percent, tile="32TMS")
    exolabs.exolabs(tmp_path / "exolabs", scene, snow, tile="32TMS")
    make(tmp_path, settings)
    names = sorted(path.name for path in (tmp_path / "masks").glob("*.tif"))
    assert names == ["T32TMS_20210126T102311.tif", MASK]
    np.testing.assert_array_equal(
        read(tmp_path / "masks" / names[0]), expected(scene, snow, 0 * percent, water)
    )


def test_a_date_without_cloud_probability_is_named_and_left_out(tmp_path, settings, caplog):
    scene, snow, _, _ = exolabs.sources(tmp_path)
    exolabs.exolabs(tmp_path / "exolabs", scene, snow, date="2021-02-05")
    with caplog.at_level(logging.WARNING):
        make(tmp_path, settings)
    assert (
        "S2_32TNS_2021-02-05_10m_SnowClass.tif: no file of cloud probability is of T32TNS_20210205"
        in caplog.text
    )
    assert [path.name for path in (tmp_path / "masks").glob("*.tif")] == [MASK]


def test_clouds_are_computed_from_scenes_where_no_file_is_given(tmp_path, settings):
    side = 4
    safe = sentinel2.safe(tmp_path / "scenes", side=side, tile="T32TNS", tile_xml=None)
    shape = (6 * side, 6 * (side + 2))
    place = {"left": sentinel2.LEFT, "top": sentinel2.TOP, "crs": "EPSG:32633"}
    exolabs.exolabs(tmp_path / "exolabs", np.ones(shape), np.ones(shape), date="2023-09-08", **place)
    exolabs.water(tmp_path / "water.tif", np.zeros(shape), **place)
    make(tmp_path, settings, cloudless=None, images=str(tmp_path / "scenes"))
    mask = read(tmp_path / "masks" / "T32TNS_20230908T093041.tif")
    from s2cloudless import S2PixelCloudDetector

    with settings["scenes"]().open(safe, settings["cloudless_bands"]) as scene:
        pixels, valid = scene.read(scene.window)
    assert valid.all() and mask.shape == valid.shape
    probability = S2PixelCloudDetector().get_cloud_probability_maps(
        np.moveaxis(pixels, 0, -1)[None] / np.float32(1e4)
    )[0]
    np.testing.assert_array_equal(mask, np.where(probability > 0.5, CLOUD, GROUND))


def test_an_interrupted_call_goes_on_and_any_number_of_workers_gives_the_same_bytes(tmp_path, settings):
    scene, snow, percent, _ = exolabs.sources(tmp_path)
    for day in (27, 28, 29):
        exolabs.exolabs(tmp_path / "exolabs", np.roll(scene, day), snow, date=f"2021-01-{day}")
        exolabs.cloudless(tmp_path / "cloudless", np.roll(percent, day), time=f"202101{day}T102311")
    make(tmp_path, settings)
    make(tmp_path, settings, "three", num_workers=3)
    names = sorted(path.name for path in (tmp_path / "masks").iterdir())
    assert len(names) == 5 and names == sorted(path.name for path in (tmp_path / "three").iterdir())
    contents = {name: (tmp_path / "masks" / name).read_bytes() for name in names}
    assert contents == {name: (tmp_path / "three" / name).read_bytes() for name in names}
    (tmp_path / "masks" / MASK).unlink()
    kept = (tmp_path / "masks" / names[2]).stat().st_mtime_ns
    make(tmp_path, settings)
    assert contents == {name: (tmp_path / "masks" / name).read_bytes() for name in names}
    assert (tmp_path / "masks" / names[2]).stat().st_mtime_ns == kept


def test_masks_of_other_settings_are_refused_unless_overwritten(tmp_path, settings):
    sources = exolabs.sources(tmp_path)
    make(tmp_path, settings)
    with pytest.raises(
        UserError, match=r'found a file made with unclassified="ignore", expected "published"'
    ):
        make(tmp_path, settings, unclassified="published")
    np.testing.assert_array_equal(read(tmp_path / "masks" / MASK), expected(*sources))
    make(tmp_path, settings, unclassified="published", overwrite=True)
    published = expected(*sources)
    np.testing.assert_array_equal(
        read(tmp_path / "masks" / MASK), np.where(published == UNKNOWN, CLOUD, published)
    )
    with pytest.raises(
        UserError, match=r"found a file made with rule|found a file made with masked|detector"
    ):
        make(tmp_path, settings, rule="exolabs", cloudless=None)


def test_one_damaged_file_keeps_no_other_mask_from_being_made(tmp_path, settings):
    scene, snow, percent, _ = exolabs.sources(tmp_path)
    exolabs.exolabs(tmp_path / "exolabs", scene, snow, date="2021-01-27")
    bad = exolabs.cloudless(tmp_path / "cloudless", percent, time="20210127T102311")
    bad.write_bytes(b"no raster")
    with pytest.raises(
        UserError, match=r"1 of 2 masks failed, the others are in .*masks: T32TNS_20210127.*cannot be read"
    ):
        make(tmp_path, settings)
    assert [path.name for path in (tmp_path / "masks").iterdir()] == [MASK]


def test_a_job_that_is_stopped_leaves_nothing_half_written(tmp_path, settings, monkeypatch):
    exolabs.sources(tmp_path)
    from synthesis.labels import rules

    def interrupted(*arguments):
        raise KeyboardInterrupt

    rule = settings["rule"]
    monkeypatch.setitem(rules.RULES, rule, rules.Rule(rule, interrupted, True))
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, settings)
    assert list((tmp_path / "masks").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rule": "nimbus"}, r"generator\.rule: found 'nimbus'"),
        (
            {"cloudless": None},
            r"generator\.cloudless: found none, expected cloudless=DIR for rule=cloudless_exolabs",
        ),
        ({"water": "none.tif"}, r"generator\.water: found no file none\.tif"),
        ({"exolabs": "nowhere"}, r"generator\.exolabs: found no nowhere"),
        (
            {"unclassified": "ground"},
            r"generator\.unclassified: found 'ground', expected ignore or published",
        ),
        ({"cloud_threshold": 50}, r"generator\.cloud_threshold: found 50, expected 0 to 1"),
        ({"cloudless_bands": ["B1"]}, r"generator\.cloudless_bands: found 1 bands, expected the 10"),
        ({"num_workers": 0}, r"generator\.num_workers: found 0"),
    ],
)
def test_impossible_settings_are_one_sentence_and_leave_nothing(tmp_path, settings, changes, words):
    exolabs.sources(tmp_path)
    with pytest.raises(UserError, match=words):
        make(tmp_path, settings, **changes)
    assert not (tmp_path / "masks").exists()


def test_a_water_map_of_elsewhere_is_one_sentence(tmp_path, settings):
    exolabs.sources(tmp_path)
    exolabs.water(tmp_path / "water.tif", np.zeros((40, 48)), left=exolabs.LEFT + 200)
    with pytest.raises(
        UserError,
        match=r"1 of 1 masks failed: .*water\.tif: found a raster of x 400160 .*, expected one that covers x 399960",
    ):
        make(tmp_path, settings)
    assert not (tmp_path / "masks").exists() or not list((tmp_path / "masks").iterdir())


def test_dates_that_never_meet_are_one_sentence(tmp_path, settings):
    _, _, percent, _ = exolabs.sources(tmp_path)
    for path in (tmp_path / "cloudless").iterdir():
        path.unlink()
    exolabs.cloudless(tmp_path / "cloudless", percent, time="20200101T000000")
    with pytest.raises(
        UserError,
        match=r"generator\.exolabs: found 1 files and none that a mask can be made of: .*but of T32TNS_20200101T000000",
    ):
        make(tmp_path, settings)


def test_the_verb_makes_masks_and_prints_their_shares(tmp_path, verb):
    scene, snow, percent, water = exolabs.sources(tmp_path)
    outcome = verb(
        "generate", "generator=labels", "rule=cloudless_exolabs", f"exolabs={tmp_path / 'exolabs'}",
        f"cloudless={tmp_path / 'cloudless'}", f"water={tmp_path / 'water.tif'}", f"output={tmp_path / 'masks'}",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    mask = expected(scene, snow, percent, water)
    for name, index in (("cloud", CLOUD), ("snow", SNOW), ("unknown", UNKNOWN)):
        share = f"{100 * (mask == index).mean():.2f} %"
        assert any(name in line and share in line for line in outcome.out.splitlines()), outcome.out
    assert outcome.last_line == str(tmp_path / "masks")
    header, row = (tmp_path / "masks" / TABLE).read_text().splitlines()
    assert header.endswith("cloud,ground,snow,water,unknown") and row.startswith(
        f"T32TNS_20210126T102311,{MASK},"
    )

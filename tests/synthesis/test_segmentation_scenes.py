import numpy as np
import pytest
import rasterio

from errors import UserError
from products.class_table import ClassTable
from products.mask_reader import MaskReader
from products.scene_reader import SceneReader
from products.sensor import Sensor
from products.window import Window
from synthesis.segmentation_landscape import CLASSES
from synthesis.segmentation_scenes import generated_scenes
from tests.fakes.annotated_scenes import CLOUDS

BANDS = {
    name: {"ground_sample_distance_m": distance, "wavelength_nm": wavelength}
    for name, distance, wavelength in (
        ("B2", 10, 490), ("B3", 10, 560), ("B4", 10, 665), ("B8", 10, 842), ("B11", 20, 1610),
    )
}  # fmt: skip
SENSOR = Sensor(name="toy", bands=BANDS, dtype="uint16", nodata=0, valid_range=[1, 65535], readers=[])
SMALL = {"tiles": 3, "dates": 2, "size_px": 96, "seed": 3}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return generated_scenes(SENSOR, CLOUDS, tmp_path_factory.mktemp("cache"), **SMALL)


def test_scenes_and_masks_are_what_readers_expect(made):
    reader = SceneReader(sensor=SENSOR)
    scenes = [reader.open(path) for path in reader.find(str(made.images))]
    assert len(scenes) == 6 and len({scene.key.tile for scene in scenes}) == 3
    assert len({scene.key.time for scene in scenes}) == 2
    for scene in scenes:
        mask = MaskReader(CLOUDS).open(made.masks / scene.path.name, scene=scene)
        pixels, valid = scene.read(scene.window)
        assert scene.bands == tuple(BANDS) and scene.synthetic and scene.grid.shape == (96, 96)
        assert set(np.unique(mask.read(mask.window))) <= {0, 1, 2, 3}
        assert pixels[:, valid].min() >= 1 and pixels.max() < 16_000
    assert (
        sum(not scene.read(scene.window)[1].all() for scene in scenes) == 1
    )  # one has a border without data


def test_classes_look_like_themselves(made):
    """Means over all scenes: water dark in the infrared, snow dark at 1610 nm, cloud bright in both."""
    pixels, labels = [], []
    for path in sorted(made.images.iterdir()):
        with rasterio.open(path) as image, rasterio.open(made.masks / path.name) as mask:
            pixels.append(image.read().reshape(5, -1)), labels.append(mask.read(1).ravel())
    values, classes = np.concatenate(pixels, 1).astype(float), np.concatenate(labels)
    values, classes = values[:, values[0] > 0], classes[values[0] > 0]
    mean = {name: values[:, classes == index].mean(1) for index, name in enumerate(CLASSES)}
    assert mean["water"][3] < 0.3 * mean["ground"][3] and mean["cloud"][0] > 2 * mean["ground"][0]
    assert mean["snow"][4] < 0.5 * mean["cloud"][4] and mean["snow"][0] > 2 * mean["ground"][0]
    assert min((classes == index).mean() for index in range(4)) > 0.005


def test_layers_cover_all_scenes(made):
    auxiliary = {name: str(path) for name, path in made.auxiliary.items()}
    reader = SceneReader(sensor=SENSOR, auxiliary=auxiliary)
    for path in reader.find(str(made.images)):
        scene = reader.open(path)
        pixels, _ = scene.read(Window(0, 0, 96, 96))
        assert scene.bands[-2:] == ("altitude", "treecover")
        assert pixels[-1].min() >= 0 and pixels[-1].max() <= 100 and pixels[-2].max() > 500


def test_the_same_settings_give_the_same_files(made, tmp_path):
    other = generated_scenes(SENSOR, CLOUDS, tmp_path, **SMALL)
    for folder in ("images", "masks"):
        for path in sorted(getattr(made, folder).iterdir()):
            with rasterio.open(path) as one, rasterio.open(getattr(other, folder) / path.name) as two:
                np.testing.assert_array_equal(one.read(), two.read())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.tif")}
    generated_scenes(SENSOR, CLOUDS, tmp_path, **SMALL)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.tif")}
    assert generated_scenes(SENSOR, CLOUDS, tmp_path, **{**SMALL, "seed": 4}).images != other.images


def test_numbers_are_those_of_the_table(tmp_path):
    table = ClassTable(
        name="other",
        classes={
            name: {"values": [value], "colour": [0, 0, value]}
            for value, name in enumerate(("water", "ground", "shadow", "snow", "cloud"), start=10)
        },
    )
    made = generated_scenes(SENSOR, table, tmp_path, tiles=1, dates=1, size_px=64)
    (path,) = made.masks.iterdir()
    with rasterio.open(path) as mask:
        assert set(np.unique(mask.read())) <= {10, 11, 13, 14}


def test_what_cannot_be_made(tmp_path):
    two = ClassTable(
        name="two",
        classes={n: {"values": [i], "colour": [0, 0, i]} for i, n in enumerate(("cloud", "clear"))},
    )
    with pytest.raises(UserError, match="found classes=two without ground, snow, water"):
        generated_scenes(SENSOR, two, tmp_path)
    with pytest.raises(UserError, match=r"data\.generator: found 99 tiles"):
        generated_scenes(SENSOR, CLOUDS, tmp_path, tiles=99)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        generated_scenes(SENSOR, CLOUDS, tmp_path / "file", **SMALL)

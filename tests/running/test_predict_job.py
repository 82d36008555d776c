from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio

from tests.fakes import demonstration_mat, images, keras_weights


@pytest.fixture
def run(verb, small_training) -> Path:
    done = verb("train", *small_training, "test=false", "trainer.max_steps=3")
    assert done.status == 0, done.err
    return Path(done.last_line)


@pytest.fixture
def scene(tmp_path) -> Path:
    path = tmp_path / "scene (1).tif"
    images.geotiff(path, images.scene(3, 3, 150, 203))
    return path


def test_compress_and_decompress_a_scene(verb, run, scene, tmp_path):
    stream, restored = tmp_path / "a.nadir", tmp_path / "b.tif"
    done = verb(
        "predict", "task=compress", f"run={run}", f"input={scene}", f"output={stream}", "tile_size=64"
    )
    assert done.status == 0, done.err
    assert "bits_per_pixel" in done.out
    done = verb("predict", "task=decompress", f"run={run}", f"input={stream}", f"output={restored}")
    assert done.status == 0, done.err
    with rasterio.open(scene) as before, rasterio.open(restored) as after:
        assert (after.crs, after.transform, after.dtypes) == (before.crs, before.transform, before.dtypes)
        assert after.shape == before.shape
        assert np.ptp(after.read()) > 0


def test_wrong_model_and_damaged_stream_are_refused(verb, run, scene, small_training, tmp_path):
    stream, restored = tmp_path / "a.nadir", tmp_path / "b.tif"
    verb("predict", "task=compress", f"run={run}", f"input={scene}", f"output={stream}")
    other = Path(verb("train", *small_training, "test=false", "trainer.max_steps=2", "seed=9").last_line)
    wrong = verb("predict", "task=decompress", f"run={other}", f"input={stream}", f"output={restored}")
    content = bytearray(stream.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "altered.nadir").write_bytes(content)
    altered = verb(
        "predict", "task=decompress", f"run={run}", f"input={tmp_path}/altered.nadir", f"output={restored}"
    )
    missing = verb(
        "predict", "task=decompress", f"run={run}", f"input={tmp_path}/none.nadir", f"output={restored}"
    )
    for done, words in ((wrong, "model"), (altered, "altered.nadir"), (missing, "there is no such file")):
        assert done.status == 1
        assert words in done.err
        assert "Traceback" not in done.err
    assert not restored.exists()


def test_without_input_an_image_of_the_data_serves(verb, run):
    done = verb("predict", f"paths.runs={run.parents[1]}")
    assert done.status == 0, done.err
    assert [path.name for path in sorted(run.glob("predictions/*/*"))] == ["example.out", "example.tif"]


def test_output_is_required(verb, run, scene):
    done = verb("predict", "task=compress", f"run={run}", f"input={scene}")
    assert done.status == 1
    assert "output is required" in done.err


@pytest.fixture
def crop(tmp_path) -> Path:
    """A Sentinel-2 crop in the layout of DSen2's demonstration data."""
    random = np.random.default_rng(0)
    groups = {
        10: random.integers(1, 3000, (4, 60, 60)),
        20: random.integers(1, 3000, (6, 30, 30)),
        60: random.integers(1, 3000, (2, 10, 10)),
    }
    return demonstration_mat.write_mat(tmp_path / "crop.mat", groups)


def test_published_weights_need_no_run(verb, crop, tmp_path):
    weights = keras_weights.random_weights(10, 6, 8, 2), keras_weights.random_weights(12, 2, 8, 1)
    files = [keras_weights.write(tmp_path / f"{n}.h5", each) for n, each in enumerate(weights)]
    output = tmp_path / "sharp.tif"
    done = verb(
        "predict", f"weights=[{files[1]},{files[0]}]", "convention=dsen2", "sensor=sentinel2", f"input={crop}",
        f"output={output}", "region.pixels=[0,0,35,35]",
    )  # fmt: skip
    assert done.status == 0, done.err
    with rasterio.open(output) as file:
        assert file.shape == (36, 36)
        assert [name.split()[0] for name in file.descriptions] == [
            "B4", "B3", "B2", "B8", "SRB5", "SRB6", "SRB7", "SRB8A", "SRB11", "SRB12", "SRB1", "SRB9",
        ]  # fmt: skip
        sharp = file.read()
    with h5py.File(crop) as file:
        fine, coarse = (file[f"im{m}"][:].transpose(0, 2, 1).astype(np.float64) for m in (10, 20))
    assert np.array_equal(sharp[:4], fine[:, :36, :36])
    raised = zoom_bilinear(coarse)
    expected = 2000 * keras_weights.forward(weights[0], [fine[None] / 2000, raised[None] / 2000])[0]
    assert np.abs(sharp[4:10] - np.clip(expected, 1, 65535)[:, :36, :36]).max() <= 0.6  # rounding


def zoom_bilinear(coarse: np.ndarray) -> np.ndarray:
    """Twice the size, half-pixel centres, edges repeated."""
    for axis in (1, 2):
        size = coarse.shape[axis]
        position = np.clip((np.arange(2 * size) - 0.5) / 2, 0, size - 1)
        below = np.minimum(position.astype(int), size - 2)
        shape = [1, 1, 1]
        shape[axis] = -1
        weight = (position - below).reshape(shape)
        coarse = (1 - weight) * coarse.take(below, axis) + weight * coarse.take(below + 1, axis)
    return coarse


def test_weights_without_a_convention_or_of_another_sensor_are_refused(verb, crop, tmp_path):
    file = keras_weights.write(tmp_path / "a.h5", keras_weights.random_weights(10, 6, 8, 1))
    words = ("predict", f"weights={file}", f"input={crop}", f"output={tmp_path}/a.tif")
    for more, message in (
        (("sensor=sentinel2",), "convention: found None"),
        (("sensor=landsat8", "convention=dsen2"), "a.h5"),
        (("sensor=sentinel2", "convention=dsen2", "run=x"), "run= and weights= were both given"),
    ):
        done = verb(*words, *more)
        assert done.status == 1
        assert message in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "a.tif").exists()


def test_a_task_without_a_network(verb, scene, tmp_path):
    done = verb("predict", "task=composite", f"input={scene}", f"output={tmp_path}/p.png", "bands=[band_1]")
    assert done.status == 0, done.err
    assert (tmp_path / "p.png").stat().st_size > 0
    done = verb("predict", "task=composite", f"output={tmp_path}/q.png")
    assert (done.status, "input is required: give input=PATH" in done.err) == (1, True)

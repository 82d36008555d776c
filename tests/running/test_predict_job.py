from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.fakes import images


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

import pickle

import numpy as np
import pytest

import datamodules.image_cache
from datamodules.image_cache import CachedReader
from products.raster import read_info
from products.window import Window
from tests.fakes import images

SIZE = 3 * 48 * 64


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """Headers of three images and the list of (name, window) that are really read."""
    reads = []

    class Recorder(datamodules.image_cache.RasterFile):
        def read_masked(self, window=None):
            reads.append((self.info.path.rsplit("/", 1)[-1], window))
            return super().read_masked(window)

    monkeypatch.setattr(datamodules.image_cache, "RasterFile", Recorder)
    names = ["a.jpg", "b.jpg", "c.jpg"]
    return {name: read_info(images.jpeg(tmp_path / name, seed)) for seed, name in enumerate(names)}, reads


def test_the_least_recently_used_image_goes_first(recorded):
    infos, reads = recorded
    reader = CachedReader(infos, infos, cache_bytes=2 * SIZE, cache_image_bytes=SIZE)
    for name in "abacab":
        reader.read(f"{name}.jpg", Window(0, 0, 8, 8))
    assert [name for name, _ in reads] == ["a.jpg", "b.jpg", "c.jpg", "b.jpg"]
    assert all(window is None for _, window in reads)


@pytest.mark.parametrize(("whole", "image_bytes"), [([], SIZE), (["a.jpg"], SIZE - 1)])
def test_others_are_read_by_windows(recorded, whole, image_bytes):
    infos, reads = recorded
    reader = CachedReader(infos, whole, cache_bytes=10 * SIZE, cache_image_bytes=image_bytes)
    window = Window(3, 4, 8, 9)
    for _ in range(2):
        reader.read("a.jpg", window)
    assert reads == [("a.jpg", window)] * 2


def test_kept_and_windowed_pixels_are_equal(tmp_path):
    pixels = images.scene(bands=2, dtype="float32")
    pixels[:, 5:9, 7] = -1
    infos = {"a.tif": read_info(images.geotiff(tmp_path / "a.tif", pixels, nodata=-1))}
    window = Window(3, 4, 20, 30)
    kept = CachedReader(infos, infos, 2**20, 2**20).read("a.tif", window)
    windowed = CachedReader(infos, [], 2**20, 2**20).read("a.tif", window)
    assert all(np.array_equal(a, b) for a, b in zip(kept, windowed, strict=True))
    assert not kept[1].all()


def test_the_cache_does_not_travel(recorded):
    infos, _ = recorded
    reader = CachedReader(infos, infos, 10 * SIZE, SIZE)
    empty = len(pickle.dumps(reader))
    for name in infos:
        reader.read(name, Window(0, 0, 8, 8))
    assert len(pickle.dumps(reader)) == empty

import numpy as np

from inference.segmentation_maps import SegmentationMaps
from inference.segmentation_views import Channels
from inference.sinks import ArraySink
from products.window import Window


class Indices:
    def __init__(self, shape):
        self.array = np.full(shape, 99, np.uint8)

    def write(self, window, indices):
        assert indices.dtype == np.uint8
        self.array[window.inside(Window(0, 0, *self.array.shape))] = indices


def test_means_become_maps():
    generator = np.random.default_rng(0)
    channels, shape = Channels(3, "probabilities", "entropy"), (4, 50)
    means = generator.dirichlet((1, 1, 1), shape).transpose(2, 0, 1)
    valid = generator.random(shape) > 0.3
    classes, shares, doubt = (
        Indices(shape),
        ArraySink((3, *shape), "float32"),
        ArraySink((1, *shape), "float32"),
    )
    maps = SegmentationMaps(shape, channels, classes, shares, doubt)
    assert maps.shape == (4, *shape)
    maps.write(Window(0, 0, 3, 50), np.concatenate([means, valid[None]])[:, :3])
    maps.write(Window(3, 0, 1, 50), np.concatenate([means, valid[None]])[:, 3:])
    expected = np.where(valid, means.argmax(0), 255)
    np.testing.assert_array_equal(classes.array, expected)
    np.testing.assert_array_equal(maps.counts, np.bincount(expected.ravel(), minlength=256))
    np.testing.assert_array_equal(np.isnan(shares.array), np.broadcast_to(~valid, (3, *shape)))
    np.testing.assert_allclose(shares.array[:, valid], means[:, valid], rtol=1e-6)
    np.testing.assert_allclose(doubt.array[0][valid], -(means * np.log(means)).sum(0)[valid], atol=1e-6)
    assert np.isnan(doubt.array[0][~valid]).all()


def test_only_what_is_wanted_is_written():
    channels = Channels(2, "logits", "none")
    classes = Indices((2, 2))
    maps = SegmentationMaps((2, 2), channels, classes)
    maps.write(Window(0, 0, 2, 2), np.array([[[5.0, 1], [1, 9]], [[2.0, 3], [3, 2]], [[1, 1], [1, 0]]]))
    assert classes.array.tolist() == [[0, 1], [1, 255]]

import numpy as np
import pytest
import torch

from inference.blend import blend
from inference.blend_grid import spline_weights
from inference.segmentation_views import Channels, SegmentationViews, samples_dropout
from inference.sinks import ArraySink
from inference.sources import ArraySource
from products.window import Window
from tests.fakes.small_segmenters import small_segmenter

BANDS = ("B2", "B3", "B4")


def scene(height, width, seed=0, bands=3):
    """Digital numbers, and where there are some: (bands + 1, height, width) float32."""
    generator = np.random.default_rng(seed)
    cells = generator.uniform(1, 10_000, (bands + 1, height, width)).astype(np.float32)
    cells[-1] = 1
    return cells


def views(network, channels, bands=BANDS, **options):
    return SegmentationViews(
        [network] if not isinstance(network, list) else network, bands, channels, **options
    )


def one(function, cells, row=0, column=0):
    return function(cells[None], [Window(row, column, *cells.shape[1:])])[0]


def logits_of(network, cells):
    with torch.no_grad():
        return network(torch.from_numpy(cells[None, :-1]))[0].numpy()


def softmax(logits, axis=0):
    powers = np.exp(logits - logits.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def reference_of_nimbus(image, network, window):
    """Logits (K, N, N) of a square image (C, N, N): its smooth tiling, all at once, from a description of it."""
    step, pad, weights = window // 2, window // 2, np.outer(spline_weights(window), spline_weights(window))
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)), mode="reflect")
    total = 0
    for mirrored in (False, True):
        for turns in range(4):
            turned = np.rot90(padded[:, :, ::-1] if mirrored else padded, turns, (1, 2))
            side = turned.shape[1]
            merged = np.zeros((len(network.classes), side, side))
            for row in range(0, side - window + 1, step):
                for column in range(0, side - window + 1, step):
                    patch = np.ascontiguousarray(turned[:, row : row + window, column : column + window])
                    with torch.no_grad():
                        logits = network(torch.from_numpy(patch[None]))[0].numpy()
                    merged[:, row : row + window, column : column + window] += logits * weights
            back = np.rot90(merged / 4, -turns, (1, 2))
            total = total + (back[:, :, ::-1] if mirrored else back)
    return total[:, pad:-pad, pad:-pad] / 8


@pytest.mark.parametrize(("size", "window"), [(256, 512), (64, 128), (192, 128)])
def test_the_published_tiling_to_1e_5_on_multiples_of_half_a_window(size, window):
    network, cells = small_segmenter(features=2), scene(size, size)
    channels = Channels(4, "logits", "none")
    sink = ArraySink((len(channels), size, size), "float64")
    blend(ArraySource(cells), views(network, channels, orientations=8), sink, window_size=window)
    expected = reference_of_nimbus(cells[:-1], network, window)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(sink.array[:4], expected, atol=1e-5)
    np.testing.assert_array_equal(channels.indices(sink.array), expected.argmax(0))


@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_one_window_holds_what_the_network_says(average):
    network, cells = small_segmenter(), scene(24, 40)
    channels = Channels(4, average, "none")
    found = one(views(network, channels), cells)
    logits = logits_of(network, cells)
    np.testing.assert_allclose(found[:4], logits if average == "logits" else softmax(logits), atol=1e-5)
    np.testing.assert_allclose(channels.probabilities(found), softmax(logits), atol=1e-6)
    np.testing.assert_array_equal(channels.indices(found), logits.argmax(0))
    assert channels.valid(found).all() and len(found) == len(channels) == 5


def test_networks_are_averaged_each_on_its_own_bands():
    cells = scene(20, 20, bands=4)
    bands = ("B2", "B3", "B4", "B8")
    first, second = small_segmenter(("B2", "B3", "B4")), small_segmenter(("B8", "B2"), seed=1)
    found = one(views([first, second], Channels(4, "probabilities", "none"), bands), cells)
    expected = softmax(logits_of(first, cells[[0, 1, 2, 4]])) + softmax(logits_of(second, cells[[3, 0, 4]]))
    np.testing.assert_allclose(found[:4], expected / 2, atol=1e-6)


def test_without_data_nothing_is_computed_and_the_network_sees_zeros():
    class Counting(SegmentationViews):
        windows = 0

        def _predicted(self, array, windows):
            self.windows += len(windows)
            return super()._predicted(array, windows)

    network, cells = small_segmenter(), scene(16, 16)
    function = Counting([network], BANDS, Channels(4, "probabilities", "none"))
    empty, half = np.zeros_like(cells), cells.copy()
    half[:, :, 8:] = 0
    half[0, :, 8:] = 7  # what lies there is not data
    found = function(np.stack([empty, half]), [Window(0, 0, 16, 16)] * 2)
    assert function.windows == 1 and not found[0].any()
    half[0, :, 8:] = 0
    with torch.no_grad():
        expected = network(torch.from_numpy(half[None, :-1]))[0].softmax(0).numpy()
    np.testing.assert_allclose(found[1, :4], expected, atol=1e-6)
    np.testing.assert_array_equal(function.channels.valid(found[1]), half[-1] > 0)


def test_entropy_in_closed_form():
    channels = Channels(4, "probabilities", "entropy")
    means = np.array([[0.25, 1.0, 0.5], [0.25, 0, 0.5], [0.25, 0, 0], [0.25, 0, 0], [1, 1, 1]])[:, None]
    np.testing.assert_allclose(channels.doubt(means)[0], [np.log(4), 0, np.log(2)], atol=1e-9)


@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_spread_over_orientations_in_closed_form(average):
    network, cells = small_segmenter(), scene(24, 24)
    channels = Channels(4, average, "test_time")
    found = one(views(network, channels, orientations=8), cells).astype(np.float64)
    all_views = []
    for mirrored in (False, True):
        for turns in range(4):
            turned = np.rot90(cells[:, :, ::-1] if mirrored else cells, turns, (1, 2))
            back = np.rot90(softmax(logits_of(network, np.ascontiguousarray(turned))), -turns, (1, 2))
            all_views.append(back[:, :, ::-1] if mirrored else back)
    expected = np.sqrt(np.var(all_views, 0).mean(0))
    assert expected.max() > 0.05
    np.testing.assert_allclose(channels.doubt(found), expected, atol=1e-3)
    np.testing.assert_allclose(channels.probabilities(found), np.mean(all_views, 0), atol=1e-5)


def test_draws_of_dropout_depend_on_seed_and_place_alone():
    network, cells = small_segmenter(dropout=0.5), scene(16, 16)
    channels = Channels(4, "probabilities", "mc_dropout")
    windows = [Window(-8, 0, 16, 16), Window(0, 8, 16, 16), Window(8, 8, 16, 16)]
    stack = np.stack([scene(16, 16, seed) for seed in range(3)])
    state = torch.get_rng_state()
    together = views(network, channels, draws=4)(stack, windows)
    torch.manual_seed(99)
    for number in (2, 0, 1):
        alone = views(network, channels, draws=4)(stack[number : number + 1], [windows[number]])
        np.testing.assert_allclose(alone[0], together[number], atol=1e-6)
    torch.set_rng_state(state)
    doubt = channels.doubt(one(views(network, channels, draws=4), cells))
    assert doubt.min() >= 0 and 0.01 < doubt.max() < np.log(4)
    for options in ({"seed": 1}, {"draws": 5}):
        assert (
            np.abs(
                channels.doubt(one(views(network, channels, **{"draws": 4, **options}), cells)) - doubt
            ).max()
            > 1e-3
        )
    elsewhere = channels.doubt(one(views(network, channels, draws=4), cells, row=8))
    assert np.abs(elsewhere - doubt).max() > 1e-3
    assert torch.equal(torch.get_rng_state(), state) and not any(
        layer.training for layer in network.modules()
    )


def test_mutual_information_in_closed_form_and_none_where_nothing_is_dropped():
    network, cells = small_segmenter(dropout=0.5), scene(16, 16)
    channels = Channels(4, "probabilities", "mc_dropout")
    draws = []
    inner = SegmentationViews([network], BANDS, channels, draws=6)
    forward = network.network.forward
    network.network.forward = lambda pixels: draws.append(forward(pixels)) or draws[-1]
    found = one(inner, cells)
    shares = np.stack([softmax(logits[0].numpy()) for logits in draws[1:]]).astype(np.float64)
    assert len(shares) == 6
    entropy = -(shares * np.log(shares + 1e-12)).sum(1)
    mean = shares.mean(0)
    np.testing.assert_allclose(
        channels.doubt(found), -(mean * np.log(mean + 1e-12)).sum(0) - entropy.mean(0), atol=1e-5
    )
    # The classes are those of the network without dropout.
    np.testing.assert_allclose(found[:4], softmax(draws[0][0].numpy()), atol=1e-6)
    still = channels.doubt(one(views(small_segmenter(dropout=0.0), channels, draws=3), cells))
    assert still.max() < 1e-6


def test_which_networks_can_be_sampled():
    assert samples_dropout(small_segmenter(dropout=0.1))
    assert not samples_dropout(small_segmenter(dropout=0.0)) and not samples_dropout(small_segmenter())


def test_bfloat16_is_close_to_float32():
    network, cells = small_segmenter(), scene(32, 32)
    channels = Channels(4, "probabilities", "none")
    exact, rough = (one(views(network, channels, precision=name), cells) for name in ("float32", "bfloat16"))
    assert rough.dtype == np.float32 and 1e-6 < np.abs(exact - rough).max() < 0.2

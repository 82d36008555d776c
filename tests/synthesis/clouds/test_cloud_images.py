"""Clouds of pairs: noise, or what a generator makes of a mask."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from errors import UserError
from synthesis.clouds.cloud_images import LearnedClouds, open_clouds
from synthesis.clouds.procedural_clouds import ProceduralClouds


@pytest.fixture
def masks():
    return np.random.default_rng(0).uniform(size=(2, 24, 20)) < 0.5


def test_noise_is_a_function_of_mask_and_seed(masks):
    clouds = open_clouds(None, ProceduralClouds(texture=0.3))
    images = clouds.of(masks, [[1, 2], [1, 3]])
    assert (clouds.name, clouds.bands, images.shape) == ("procedural", 3, (2, 3, 24, 20))
    np.testing.assert_array_equal(images[1], clouds.of(masks[1:], [[1, 3]])[0])
    assert (images[1] != clouds.of(masks[1:], [[1, 4]])[0]).any()
    assert clouds.record()["weights"] is None and clouds.record()["procedural"]["texture"] == 0.3


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small generator in the published layout."""
    import torch

    from networks.resnet_generator import ResnetGenerator

    path = tmp_path_factory.mktemp("weights") / "latest_net_G_B.pth"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(ResnetGenerator(3, 3, base_width=4, blocks=6).state_dict(), path)
    return path


def test_a_generator_makes_clouds_in_any_thread(weights, masks):
    clouds = LearnedClouds(weights)
    images = clouds.of(masks, [[0], [1]])
    assert (clouds.name, clouds.bands, images.shape) == ("latest_net_G_B.pth", 3, (2, 3, 24, 20))
    assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 1
    assert (images[0] != images[1]).any()
    with ThreadPoolExecutor(2) as pool:
        for again in pool.map(lambda _: clouds.of(masks, [[0], [1]]), range(4)):
            np.testing.assert_array_equal(again, images)
    record = clouds.record()
    assert record["weights"] == "latest_net_G_B.pth" and len(record["weights_sha256"]) == 64


def test_weights_and_devices_that_are_not_there(weights, tmp_path):
    with pytest.raises(UserError, match=r"weights=nowhere.pth: there is no such file, expected a published"):
        open_clouds("nowhere.pth", None)
    with pytest.raises(UserError, match=r"generator.device=abacus: .*expected a device of this machine"):
        open_clouds(weights, None, "abacus")

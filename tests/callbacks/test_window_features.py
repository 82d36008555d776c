import numpy as np
import torch
from torch import nn

from callbacks.window_features import DeepFeatures, pooled_probabilities


class Bottle(nn.Module):
    """Widest in the middle; the skipped path gives more pixels and fewer channels."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 1)
        self.deep = nn.Conv2d(4, 6, 1, stride=2)
        self.relu = nn.ReLU()
        self.last = nn.Conv2d(6, 3, 1)

    def forward(self, image):
        return self.last(self.relu(self.deep(self.first(image))))


def test_the_last_of_the_widest_layers_is_averaged():
    network, image = Bottle(), torch.rand(2, 2, 8, 8)
    features = DeepFeatures(network)
    for _ in range(2):  # searched the first time, known the second
        with features.watching(), torch.no_grad():
            network(image)
        expected = network.relu(network.deep(network.first(image))).mean((2, 3))
        assert features.pooled().shape == (2, 6)
        assert np.allclose(features.pooled(), expected.detach().numpy(), atol=1e-6)
    assert not any(module._forward_hooks for module in network.modules())


def test_probabilities_are_averaged_by_parts_of_the_window():
    probabilities = np.zeros((2, 8, 8))
    probabilities[0, :2, :2] = 1
    pooled = pooled_probabilities(probabilities)
    assert pooled.shape == (32,)
    assert pooled[0] == 1
    assert pooled[1:].sum() == 0
    assert pooled_probabilities(np.ones((3, 5, 7))).shape == (48,)

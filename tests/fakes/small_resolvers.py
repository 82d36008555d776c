"""Small super-resolution networks with random weights that react to every input."""

import torch

from networks.dsen2 import DSen2
from networks.super_resolver import SuperResolver


def small_resolver(
    sensor, target_m, *, blocks=1, features=8, seed=0, scale=2000.0, offset=0.0, source="random"
):
    """A network for a group of a sensor; its receptive radius is 2 * blocks + 2 pixels."""
    bands = sensor.inputs_of(target_m)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = DSen2([len(names) for names in bands.values()], features=features, blocks=blocks)
        for convolution in network.convolutions():
            torch.nn.init.normal_(convolution.bias, std=0.1)
    return SuperResolver(
        network.eval(), sensor=sensor.name, bands=bands, scale=scale, offset=offset, source=source
    )

"""Networks from Keras files give what the same arrays give in numpy."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from errors import UserError
from networks.published import dsen2_from_keras
from tests.fakes.keras_weights import Layout, Weights, forward, random_weights, write


def groups(bands: list[int], height: int = 18, width: int = 21) -> list[np.ndarray]:
    random = np.random.default_rng(5)
    return [random.uniform(0, 1.5, (2, count, height, width)).astype(np.float32) for count in bands]


@pytest.mark.parametrize(
    ("bands", "features", "blocks", "layout"),
    [
        ([4, 6], 16, 6, Layout()),
        ([4, 6, 2], 16, 6, Layout(full=True, inputs=("10", "20", "60"))),
        ([4, 6], 8, 11, Layout(first=0, text="str", full=True, part=7)),
        ([4, 6, 2], 24, 3, Layout(first=42, text="str")),
        ([1, 10], 12, 1, Layout(first=9)),
        ([2, 7, 18], 32, 5, Layout(first=0)),
        ([3, 9], 5, 0, Layout()),
    ],
)
def test_the_network_is_the_one_in_the_file(
    tmp_path: Path, bands: list[int], features: int, blocks: int, layout: Layout
) -> None:
    weights = random_weights(sum(bands), bands[-1], features, blocks, seed=blocks)
    network = dsen2_from_keras(write(tmp_path / "w.hdf5", weights, layout))
    inputs = groups(bands)
    output = network([torch.from_numpy(group) for group in inputs]).numpy()
    expected = forward(weights, inputs)
    assert output.shape == expected.shape == (2, bands[-1], 18, 21)
    assert np.abs(expected - inputs[-1]).max() > 1
    assert np.abs(output - expected).max() < 2e-5
    assert network.receptive_radius == 2 * blocks + 2
    assert not network.training


def test_the_published_size(tmp_path: Path) -> None:
    weights = random_weights(10, 6, 128, 6)
    network = dsen2_from_keras(write(tmp_path / "w.h5", weights, Layout(full=True)))
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_789_574
    inputs = groups([4, 6], 9, 9)
    output = network([torch.from_numpy(group) for group in inputs]).numpy()
    assert np.abs(output - forward(weights, inputs)).max() < 1e-4


def test_bands_of_its_groups_may_be_told(tmp_path: Path) -> None:
    path = write(tmp_path / "w.h5", random_weights(12, 2, 4, 1))
    assert dsen2_from_keras(path).in_channels == (10, 2)
    assert dsen2_from_keras(path, [4, 6, 2]).in_channels == (4, 6, 2)
    with pytest.raises(UserError, match=r"w\.h5: a network from 12 bands to 2, expected 10 to 6"):
        dsen2_from_keras(path, [4, 6])


def five_by_five(weights: Weights) -> None:
    weights[-1] = np.zeros((5, 5, 4, 3), np.float32), weights[-1][1]


def another_width(weights: Weights) -> None:
    weights[1] = np.zeros((3, 3, 4, 8), np.float32), np.zeros(8, np.float32)
    weights[2] = np.zeros((3, 3, 8, 4), np.float32), weights[2][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (five_by_five, r"conv2d_4/kernel:0 has the shape \(5, 5, 4, 3\) where a DSen2 has \(3, 3, 4, 3\)"),
        (another_width, r"conv2d_2/kernel:0 has the shape \(3, 3, 4, 8\) where a DSen2 has \(3, 3, 4, 4\)"),
        (lambda weights: weights.pop(1), "found 3 convolutions, and a DSen2 has an even number"),
        (lambda weights: weights.__delitem__(slice(1, None)), "found 1 convolutions"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: object, words: str) -> None:
    weights = random_weights(5, 3, 4, blocks=1)
    change(weights)  # type: ignore[operator]
    path = tmp_path / "w.h5"
    write_chain(path, weights)
    with pytest.raises(UserError, match=words):
        dsen2_from_keras(path)


def test_a_network_must_take_more_bands_than_it_gives(tmp_path: Path) -> None:
    path = write(tmp_path / "w.h5", random_weights(3, 3, 4, blocks=1))
    with pytest.raises(UserError, match="from 3 bands to 3, and a DSen2 takes more than it gives"):
        dsen2_from_keras(path)


def write_chain(path: Path, weights: Weights) -> None:
    """Convolutions one after another, in Keras's layout."""
    with h5py.File(path, "w") as file:
        names = [f"conv2d_{number}" for number in range(1, len(weights) + 1)]
        file.attrs["layer_names"] = [name.encode() for name in names]
        for name, arrays in zip(names, weights, strict=True):
            group = file.create_group(name)
            names_below = [f"{name}/kernel:0", f"{name}/bias:0"]
            group.attrs["weight_names"] = [below.encode() for below in names_below]
            for below, array in zip(names_below, arrays, strict=True):
                group[below] = array

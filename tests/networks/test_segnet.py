"""SegNetLite against a forward pass that was written from its description alone."""

import warnings

import pytest
import torch
from torch.nn import functional

from errors import UserError
from networks.segnet import SegNet, unpool
from tests.fakes.segnet_weights import forward, random_weights


def test_the_published_size_and_names() -> None:
    network = SegNet(15, 4)
    assert sum(parameter.numel() for parameter in network.parameters()) == 790_020
    assert {name: tensor.shape for name, tensor in network.state_dict().items()} == {
        name: tensor.shape for name, tensor in random_weights().items()
    }
    assert len(network.state_dict()) == 58
    assert network.multiple == 16


@pytest.mark.parametrize("size", [(2, 64, 64), (1, 128, 96), (1, 16, 48)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_computes_what_the_description_says(
    size: tuple[int, int, int], layout: torch.memory_format
) -> None:
    weights = random_weights(seed=sum(size))
    network = SegNet(15, 4).eval().to(memory_format=layout)
    network.load_state_dict(weights)
    image = torch.rand(size[0], 15, *size[1:], generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits = network(image.contiguous(memory_format=layout))
    expected = forward(weights, image)
    assert expected.std() > 0.1
    assert (logits - expected).abs().max() < 1e-4


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(8, 12), (7, 9), (4, 2)])
def test_unpooling_is_torchs_own_but_deterministic(
    size: tuple[int, int], layout: torch.memory_format
) -> None:
    maps = torch.rand(2, 3, *size).contiguous(memory_format=layout).requires_grad_()
    pooled, indices = functional.max_pool2d(maps, 2, return_indices=True)
    made = unpool(pooled, indices, size)
    assert torch.equal(made, functional.max_unpool2d(pooled, indices, [2, 2], output_size=size))
    assert made.is_contiguous(memory_format=layout)
    made.square().sum().backward()
    assert maps.grad is not None and torch.equal(maps.grad, 2 * made)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(unpool(pooled, indices, size), made)
        torch.use_deterministic_algorithms(True)
        try:
            assert torch.equal(unpool(pooled, indices, size), made)
        finally:
            torch.use_deterministic_algorithms(False)


def test_other_widths_and_stages() -> None:
    weights = random_weights(3, 2, down=(4, 6), up=(4, 5), seed=2)
    network = SegNet(3, 2, widths_down=[4, 6], widths_up=[4, 5]).eval()
    network.load_state_dict(weights)
    image = torch.rand(1, 3, 12, 20)
    with torch.no_grad():
        assert (network(image) - forward(weights, image, stages=2)).abs().max() < 1e-5


def test_dropout_comes_after_every_relu_and_drops_whole_maps() -> None:
    network = SegNet(2, 2, widths_down=[8], widths_up=[8], dropout=0.5).train()
    dropped: list[torch.Tensor] = []
    network.dropout.register_forward_hook(
        lambda _, given, made: dropped.append((given[0] >= 0).all() & (made >= 0).all())
    )
    network(torch.rand(1, 2, 8, 8))
    assert len(dropped) == 2 and all(dropped)
    assert network.dropout.p == 0.5 and isinstance(network.dropout, torch.nn.Dropout2d)


def test_odd_sizes_down_to_one_pixel_after_the_last_pooling() -> None:
    network = SegNet(3, 2).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 17, 37)).shape == (1, 2, 17, 37)
        (coarse,) = network.encoder(torch.rand(2, 3, 32, 48))
    assert coarse.shape == (2, 256, 2, 3)


@pytest.mark.parametrize(
    ("down", "up", "words"),
    [
        ([8, 16], [8], "expected as many up as down"),
        ([8, 16], [16, 8], r"beginning with \[8\]"),
        ([], [], "expected as many"),
        ([0], [4], "found widths"),
    ],
)
def test_impossible_widths(down: list[int], up: list[int], words: str) -> None:
    with pytest.raises(UserError, match=words):
        SegNet(3, 2, widths_down=down, widths_up=up)

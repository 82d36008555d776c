"""The published layout of CycleGAN's generator, and its sizes."""

import pytest
import torch

from errors import UserError
from networks.resnet_generator import ResnetGenerator


def tensors(**options) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        generator = ResnetGenerator(3, 3, **options)
    return {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}


@pytest.mark.parametrize(("blocks", "count", "parameters"), [(9, 48, 11_378_179), (6, 36, 7_837_699)])
def test_numbers_of_the_published_generators(blocks, count, parameters):
    shapes = tensors(blocks=blocks)
    assert len(shapes) == count
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == parameters


def test_names_and_shapes_of_the_published_tensors():
    outer = {1: (64, 3, 7, 7), 4: (128, 64, 3, 3), 7: (256, 128, 3, 3)}
    outer |= {19: (256, 128, 3, 3), 22: (128, 64, 3, 3), 26: (3, 64, 7, 7)}
    weights = {f"model.{index}.weight": shape for index, shape in outer.items()}
    weights |= {f"model.{b}.conv_block.{i}.weight": (256, 256, 3, 3) for b in range(10, 19) for i in (1, 5)}
    shapes = tensors()
    assert {name: shape for name, shape in shapes.items() if name.endswith("weight")} == weights
    assert {name for name in shapes if name.endswith("bias")} == {w[:-6] + "bias" for w in weights}
    biases = {1: 64, 4: 128, 7: 256, 19: 128, 22: 64, 26: 3}
    assert all(shapes[f"model.{index}.bias"] == (width,) for index, width in biases.items())


def test_six_blocks_and_dropout_move_indices_as_published():
    names = set(tensors(blocks=6, dropout=0.5))
    assert {"model.16.weight", "model.19.weight", "model.23.weight"} <= names
    assert {"model.15.conv_block.1.weight", "model.15.conv_block.6.weight"} <= names
    assert not any("conv_block.5" in name for name in names)


def test_dropout_makes_no_parameters_and_acts_in_training_only():
    generator = ResnetGenerator(3, 3, base_width=4, blocks=2, dropout=0.5)
    image = torch.rand(1, 3, 16, 16)
    assert not torch.equal(generator(image), generator(image))
    generator.eval()
    assert torch.equal(generator(image), generator(image))
    with torch.device("meta"):
        assert sum(p.numel() for p in ResnetGenerator(3, 3, dropout=0.5).parameters()) == 11_378_179


@pytest.mark.parametrize(("size", "expected"), [((201, 203), (204, 204)), ((8, 12), (8, 12))])
def test_sides_are_rounded_up_to_multiples(size, expected):
    generator = ResnetGenerator(5, 2, base_width=2, blocks=1)
    assert generator.multiple == 4
    assert generator(torch.rand(1, 5, *size)).shape == (1, 2, *expected)


def test_the_smallest_side_works_and_a_smaller_one_does_not():
    for downsamplings in (0, 1, 2, 3):
        generator = ResnetGenerator(1, 1, base_width=2, blocks=1, downsamplings=downsamplings)
        side = generator.smallest_side
        assert generator(torch.rand(1, 1, side, side)).shape[-1] == side
        with pytest.raises((RuntimeError, ValueError)):
            generator(torch.rand(1, 1, side - generator.multiple, side - generator.multiple))


def test_instance_norm_has_no_statistics_and_mode_changes_nothing():
    generator = ResnetGenerator(3, 3, base_width=4, blocks=1)
    assert not list(generator.buffers())
    image = torch.rand(2, 3, 16, 16)
    assert torch.equal(generator.train()(image), generator.eval()(image))


def test_tanh_is_bounded_and_linear_is_what_stands_before_it():
    torch.manual_seed(0)
    bounded = ResnetGenerator(3, 3, base_width=4, blocks=1)
    linear = ResnetGenerator(3, 3, base_width=4, blocks=1, output="linear")
    linear.load_state_dict(bounded.state_dict())
    with torch.no_grad():
        linear.model[-1].bias += 2
        bounded.load_state_dict(linear.state_dict())
    image = torch.rand(1, 3, 16, 16)
    assert linear(image).max() > 1
    torch.testing.assert_close(bounded(image), torch.tanh(linear(image)))


def test_published_initialisation():
    torch.manual_seed(0)
    generator = ResnetGenerator(3, 3, base_width=16, blocks=2)
    weights = torch.cat(
        [p.detach().flatten() for n, p in generator.named_parameters() if n.endswith("weight")]
    )
    assert float(weights.std()) == pytest.approx(0.02, rel=0.02)
    assert all((p == 0).all() for n, p in generator.named_parameters() if n.endswith("bias"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"blocks": -1}, "network_options.blocks: found -1, expected at least 0"),
        ({"base_width": 0}, "network_options.base_width: found 0"),
        ({"dropout": 1.0}, "network_options.dropout: found 1.0, expected 0 to below 1"),
        ({"output": "sigmoid"}, "network_options.output: found 'sigmoid', expected one of tanh, linear"),
        ({"initialisation": "zero"}, "network_options.initialisation: found 'zero'"),
        ({"normalisation": "layer"}, "normalisation: found 'layer'"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(UserError, match=words):
        ResnetGenerator(3, 3, **options)

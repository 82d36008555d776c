"""Generators by name, and the translator around them."""

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from errors import UserError
from networks.translation import GENERATORS, Translator, build_generator, build_translator, pad
from networks.unet import UNet
from networks.unet_generator import PublishedUNet


class Taker(nn.Module):
    """Gives back the channels from `first` on, and remembers what it saw."""

    def __init__(self, first: int, bands: int, multiple: int = 1) -> None:
        super().__init__()
        self.first, self.bands, self.multiple = first, bands, multiple

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.seen = image
        return image[:, self.first : self.first + self.bands]


def test_the_registry_knows_the_u_nets():
    assert isinstance(build_generator("unet", 2, 3, {"depth": 2}), UNet)
    with torch.device("meta"):
        assert isinstance(build_generator("unet_published", 2, 3, {"filters": [4, 8]}), PublishedUNet)
    assert {"unet", "unet_published"} <= set(GENERATORS)


def test_options_may_come_from_a_config_and_stay_as_they_are():
    options = OmegaConf.create({"filters": [4, 8, 8]})
    network = build_generator("unet_published", 6, 3, options)
    assert network.encoder[0][0].in_channels == 6
    assert OmegaConf.to_container(options) == {"filters": [4, 8, 8]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("unets", 3, 3), "model.network: found 'unets', expected one of .*; did you mean 'unet'?"),
        (("unet", 3, 3, {"widht": 3}), "model.network_options: found 'widht', unet has base_width, depth"),
        (("unet", 0, 3), "model.in_channels: found 0"),
        (("unet", 3, None), "model.out_channels: found None"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, words):
    with pytest.raises(UserError, match=words):
        build_generator(*arguments)


def test_raw_values_come_back_raw():
    source = torch.rand(2, 4, 8, 8) * 2 - 0.5
    translator = Translator(Taker(1, 3), in_channels=4, out_channels=3)
    assert torch.allclose(translator(source), source[:, 1:], atol=1e-6)
    seen = translator.generator.seen
    assert torch.allclose(seen, 2 * source - 1)


def test_residual_adds_the_first_bands_of_the_source():
    source = torch.rand(1, 4, 4, 4)
    generator = Taker(0, 2)
    translator = Translator(generator, in_channels=4, out_channels=2, residual=True)
    assert torch.allclose(translator(source), source[:, :2] + 0.5 * (2 * source[:, :2] - 1), atol=1e-6)
    with pytest.raises(UserError, match=r"model.residual: found a source of 1 bands for a target of 2"):
        Translator(generator, in_channels=1, out_channels=2, residual=True)


def test_memory_is_the_previous_prediction_and_grey_at_first():
    source, previous = torch.rand(2, 2, 4, 4), torch.rand(2, 3, 4, 4)
    translator = Translator(Taker(2, 3), in_channels=2, out_channels=3, recurrent=True)
    assert torch.allclose(translator(source), torch.full((2, 3, 4, 4), 0.5))
    assert torch.allclose(translator(source, previous), previous, atol=1e-6)
    forgetful = Translator(Taker(0, 2), in_channels=2, out_channels=2)
    assert torch.equal(forgetful(source, source + 1), forgetful(source))


def test_a_loop_of_predictions_cannot_run_away():
    class Square(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return 2 * image[:, 1:] ** 2 + 2

    translator = Translator(Square(), in_channels=1, out_channels=1, recurrent=True)
    prediction = None
    for _ in range(30):
        prediction = translator(torch.zeros(1, 1, 2, 2), prediction)
    assert torch.equal(prediction, torch.full((1, 1, 2, 2), (2 * 3**2 + 2) / 2 + 0.5))


@pytest.mark.parametrize(("side", "seen"), [((8, 8), (8, 8)), ((5, 9), (8, 16)), ((1, 1), (8, 8))])
def test_any_size_is_padded_and_cropped(side, seen):
    translator = Translator(Taker(0, 1, multiple=8), in_channels=1, out_channels=1)
    source = torch.rand(1, 1, *side)
    assert torch.allclose(translator(source), source, atol=1e-6)
    assert translator.generator.seen.shape[-2:] == seen


def test_padding_reflects_where_it_can_and_repeats_where_it_cannot():
    row = torch.tensor([0.0, 1.0, 2.0]).view(1, 1, 1, 3)
    assert pad(row.expand(1, 1, 3, 3), 4)[0, 0, 0].tolist() == [0, 1, 2, 1]
    assert pad(row, 4)[0, 0, 0].tolist() == [0, 1, 2, 2]
    assert pad(torch.zeros(1, 1, 6, 6), 4, smallest_side=10).shape == (1, 1, 12, 12)


def test_the_published_generator_takes_small_and_odd_images():
    translator = build_translator("unet_published", 2, 1, {"filters": [4, 4, 4, 4]}).eval()
    assert (translator.multiple, translator.smallest_side) == (8, 16)
    assert translator(torch.rand(1, 2, 9, 21)).shape == (1, 1, 9, 21)


def test_a_recurrent_translator_has_room_for_its_memory():
    translator = build_translator("unet", 6, 3, {"base_width": 4, "depth": 2}, recurrent=True)
    assert translator.generator.down[0][0].in_channels == 9
    with pytest.raises(UserError, match="the source has 5 bands, expected 6"):
        translator(torch.zeros(1, 5, 8, 8))


def test_reduced_precision_ends_in_float32():
    translator = build_translator("unet", 2, 2, {"base_width": 4, "depth": 2}).eval()
    with torch.autocast("cpu", torch.bfloat16):
        assert translator(torch.rand(1, 2, 8, 8)).dtype == torch.float32

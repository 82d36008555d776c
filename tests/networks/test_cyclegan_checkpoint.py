"""Published weights of CycleGAN: the same outputs as the published networks, and one sentence for anything else."""

import os
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from errors import UserError
from networks.cyclegan_checkpoint import export_pth
from networks.patchgan import PatchGAN
from networks.published import cyclegan_discriminator_from_pth, cyclegan_generator_from_pth
from networks.resnet_generator import ResnetGenerator
from networks.translation import build_translator
from tests.fakes.cyclegan_weights import (
    discriminator_weights,
    generator_weights,
    run_discriminator,
    run_generator,
    write_pth,
)


def image(*shape: int) -> torch.Tensor:
    return 2 * torch.rand(*shape, generator=torch.Generator().manual_seed(5)) - 1


@pytest.mark.parametrize("blocks", [6, 9])
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("old", [False, True])
def test_outputs_of_generators_are_the_published(
    tmp_path: Path, blocks: int, dropout: bool, old: bool
) -> None:
    weights = generator_weights(blocks, blocks=blocks, dropout=dropout)
    network = cyclegan_generator_from_pth(write_pth(tmp_path / "latest_net_G_B.pth", weights, old=old))
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    for size in ((64, 64), (72, 100), (33, 34)):
        with torch.no_grad():
            found, expected = network(image(1, 3, *size)), run_generator(weights, image(1, 3, *size))
        assert found.shape[-2:] == tuple(-(-side // 4) * 4 for side in size)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        assert found.std() > 0.05  # the weights do something


@pytest.mark.parametrize("layers", [3, 2, 5])
def test_outputs_of_discriminators_are_the_published(tmp_path: Path, layers: int) -> None:
    weights = discriminator_weights(layers, layers=layers)
    network = cyclegan_discriminator_from_pth(write_pth(tmp_path / "latest_net_D_A.pth", weights))
    with torch.no_grad():
        torch.testing.assert_close(
            network(image(2, 3, 200, 200)),
            run_discriminator(weights, image(2, 3, 200, 200)),
            rtol=1e-4,
            atol=1e-5,
        )
        if layers == 3:
            assert network(image(1, 3, 200, 200)).shape == (1, 1, 23, 23)
            assert network(image(1, 3, 64, 64)).shape == (1, 1, 6, 6)


def test_bands_and_width_are_read_from_the_tensors(tmp_path: Path) -> None:
    weights = generator_weights(bands=(1, 5), width=3, blocks=2)
    network = cyclegan_generator_from_pth(str(write_pth(tmp_path / "g.pth", weights)))
    assert isinstance(network, ResnetGenerator)
    with torch.no_grad():
        assert network(image(1, 1, 16, 16)).shape == (1, 5, 16, 16)
    judge = cyclegan_discriminator_from_pth(write_pth(tmp_path / "d.pth", discriminator_weights(bands=7)))
    assert isinstance(judge, PatchGAN) and judge.model[0].in_channels == 7  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [{}, {"dropout": 0.5, "blocks": 1}, {"downsamplings": 1}])
def test_what_is_exported_is_read_again_bit_for_bit(tmp_path: Path, options: dict[str, Any]) -> None:
    torch.manual_seed(1)
    options = {"base_width": 2, "blocks": 2, "output": "tanh", **options}
    translator = build_translator("resnet", 1, 3, options).to(memory_format=torch.channels_last)
    path = export_pth(translator, tmp_path / "deep" / "latest_net_G_B.pth")
    again = cyclegan_generator_from_pth(path)
    assert list(again.state_dict()) == list(translator.generator.state_dict())
    own = translator.generator.state_dict()
    assert all(torch.equal(tensor, own[name]) for name, tensor in again.state_dict().items())
    content = torch.load(path, weights_only=True)
    assert type(content) is OrderedDict and all(tensor.is_contiguous() for tensor in content.values())
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_an_exported_discriminator_is_read_again(tmp_path: Path) -> None:
    judge = PatchGAN(3, filters=(2, 4, 8, 1), strides=(2, 2, 1, 1), normalisation="instance")
    again = cyclegan_discriminator_from_pth(export_pth(judge, tmp_path / "latest_net_D_A.pth"))
    own = judge.state_dict()
    assert all(torch.equal(tensor, own[name]) for name, tensor in again.state_dict().items())


SMALL = {"base_width": 2, "blocks": 1}


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Linear(2, 2), "found a Linear, expected CycleGAN's"),
        (ResnetGenerator(3, 3, **SMALL, output="linear"), "normalisation=instance and output=tanh only"),
        (ResnetGenerator(3, 3, **SMALL, normalisation="group"), "normalisation=instance and output=tanh"),
        (PatchGAN(3, filters=(2, 4, 1), strides=(2, 2, 1), normalisation="instance"), "strides of 2 but"),
        (PatchGAN(3, filters=(2, 4, 1), strides=(2, 1, 1), normalisation="batch"), "normalisation=instance"),
    ],
)
def test_what_the_layout_cannot_say_is_not_exported(tmp_path: Path, module: nn.Module, words: str) -> None:
    with pytest.raises(UserError, match=words):
        export_pth(module, tmp_path / "x.pth")
    assert not list(tmp_path.iterdir())


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harmed",)


def changed(weights: OrderedDict[str, Any], **tensors: Any) -> OrderedDict[str, Any]:
    return OrderedDict({**weights, **{name.replace("__", "."): value for name, value in tensors.items()}})


GENERATOR = generator_weights(blocks=1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ResnetGenerator(3, 3, **SMALL), "found an object of another kind; expected a plain state dict"),
        (nn.Conv2d(1, 1, 1), "found an object of another kind"),
        ({"state_dict": GENERATOR}, "found 'state_dict', which is no tensor; expected a plain state dict"),
        (changed(GENERATOR, epoch=3), "found 'epoch', which is no tensor"),
        (changed(GENERATOR, harm=Harmful()), "'harm', which is no tensor|holds what is never loaded"),
        ([torch.zeros(1)], "another kind"),
        ({}, "nothing in it"),
        (discriminator_weights(), r"found 10 tensors \(model.0.bias, .*expected a plain state dict"),
        (changed(GENERATOR, model__1__weight=torch.zeros(4, 3, 5, 5)), r"\(4, 3, 5, 5\) for model.1.weight"),
        (changed(GENERATOR, model__18__bias=torch.full((3,), torch.nan)), "model.18.bias holds values that"),
        (changed(GENERATOR, model__2__weight=torch.ones(4)), "found .4,. for model.2.weight, expected noth"),
        (
            changed(GENERATOR, model__2__weight=torch.ones(4), model__2__running_mean=torch.ones(4)),
            "for model.2.running_mean, expected nothing",
        ),
        (
            OrderedDict((k, v) for k, v in GENERATOR.items() if k != "model.18.weight"),
            "no model.18.weight of four",
        ),
    ],
)  # fmt: skip
def test_anything_but_a_generator_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(UserError, match=words) as caught:
        cyclegan_generator_from_pth(tmp_path / "x.pth")
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(tmp_path / "x.pth"))
    assert not (tmp_path / "harmed").exists()


def test_files_that_are_missing_cut_short_or_no_weights(tmp_path: Path) -> None:
    whole = write_pth(tmp_path / "whole.pth", GENERATOR).read_bytes()
    for name, data in (
        ("cut", whole[: len(whole) // 2]),
        ("text", b"version https://git-lfs"),
        ("empty", b""),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError, match=f"{re.escape(str(tmp_path / name))}: not a readable file"):
            cyclegan_generator_from_pth(tmp_path / name)
    with pytest.raises(UserError, match="there is no such file; expected a plain state dict"):
        cyclegan_discriminator_from_pth(tmp_path / "nowhere.pth")
    with pytest.raises(UserError, match="there is no such file"):
        cyclegan_generator_from_pth(tmp_path)


def test_a_generator_is_no_discriminator(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="patch discriminator"):
        cyclegan_discriminator_from_pth(write_pth(tmp_path / "g.pth", GENERATOR))

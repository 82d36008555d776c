"""Encoders from files of other trainings, on other numbers of bands."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from safetensors.torch import save_file

from errors import UserError
from networks.segmentation import build_segmentation_network

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def encoder() -> Weights:
    torch.manual_seed(3)
    weights: Weights = smp.encoders.get_encoder("resnet18", in_channels=3, weights=None).state_dict()
    return weights


def built(path: Path, bands: int, name: str = "resnet18") -> Any:
    options = {"encoder_name": name, "encoder_weights": str(path)}
    return build_segmentation_network("unet", bands, 2, options)[0]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: w,
        lambda w: {f"encoder.{name}": tensor for name, tensor in w.items()} | {"decoder.x": torch.ones(1)},
        lambda w: {"state_dict": {f"model.{name}": tensor for name, tensor in w.items()}},
        lambda w: {**w, "fc.weight": torch.ones(10, 512), "fc.bias": torch.ones(10)},
    ],
    ids=["encoder", "network", "checkpoint", "classifier"],
)
def test_files_of_an_encoder_or_of_what_it_was_part_of(
    tmp_path: Path, encoder: Weights, wrap: Callable[[Weights], Any]
) -> None:
    torch.save(wrap(encoder), tmp_path / "w.pth")
    loaded = built(tmp_path / "w.pth", 3).encoder.state_dict()
    assert all(torch.equal(tensor, encoder[name]) for name, tensor in loaded.items())


@pytest.mark.parametrize("bands", [1, 2, 13])
def test_kernels_are_repeated_over_the_bands_and_grey_images_look_the_same(
    tmp_path: Path, encoder: Weights, bands: int
) -> None:
    save_file(encoder, tmp_path / "w.safetensors")
    kernel = built(tmp_path / "w.safetensors", bands).encoder.conv1.weight
    assert kernel.shape == (64, bands, 7, 7)
    for band in range(bands):
        assert torch.allclose(kernel[:, band], encoder["conv1.weight"][:, band % 3] * (3 / bands))
    if bands == 2:
        assert not torch.equal(kernel[:, 0], kernel[:, 1])


def test_weights_of_timm_in_timms_own_encoder(tmp_path: Path) -> None:
    torch.manual_seed(1)
    weights = timm.create_model("resnet10t", pretrained=False).state_dict()
    torch.save(weights, tmp_path / "w.pth")
    found = built(tmp_path / "w.pth", 3, "tu-resnet10t").encoder.state_dict()
    assert torch.equal(found["model.layer4.0.conv1.weight"], weights["layer4.0.conv1.weight"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: {k: v for k, v in w.items() if k != "layer2.0.conv1.weight"}, "layer2.0.conv1.weight is not among them"),
        (lambda w: {**w, "layer2.0.conv1.weight": torch.ones(1)}, "layer2.0.conv1.weight has the shape (1,), expected (128, 64, 3, 3)"),
        (lambda w: {"a": torch.ones(1)}, "found 0 of the encoder's 100 tensors"),
    ],
)  # fmt: skip
def test_weights_of_another_encoder(
    tmp_path: Path, encoder: Weights, change: Callable[[Weights], Weights], words: str
) -> None:
    torch.save(change(encoder), tmp_path / "w.pth")
    with pytest.raises(UserError, match=re.escape(words)) as caught:
        built(tmp_path / "w.pth", 3)
    assert str(tmp_path / "w.pth") in str(caught.value)

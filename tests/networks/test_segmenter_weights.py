"""Segmenters from files of Nimbus, whichever of its networks they hold."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from errors import UserError
from networks.segmentation import build_segmentation_network
from networks.segmenter_weights import published_segmenter
from products.class_table import ClassTable
from tests.fakes.segnet_weights import forward, random_weights, write_lightning, write_state_dict

BANDS = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12", "altitude", "treecover"]  # fmt: skip
CLASSES = ["cloud", "ground", "snow", "water"]


@pytest.fixture(scope="module")
def facts(repository: Path) -> dict[str, Any]:
    scales = yaml.safe_load((repository / "conf/band_scales/nimbus.yaml").read_text())
    layers = yaml.safe_load((repository / "conf/auxiliary_layers/default.yaml").read_text())
    return {"bands": BANDS, "classes": CLASSES, "scales": scales, "auxiliary_layers": layers}


@pytest.mark.parametrize("convention", ["linear", "log"])
def test_segnet_with_the_published_bands_and_scales(
    tmp_path: Path, facts: dict[str, Any], convention: str
) -> None:
    weights = random_weights()
    model = published_segmenter(write_lightning(tmp_path / "w.ckpt", weights), convention=convention, **facts)
    image = torch.rand(1, 15, 40, 64) * 4000 + 20
    image[:, 14] /= 50
    expected = image / 15000
    expected[:, 13], expected[:, 14] = image[:, 13] / 5000, image[:, 14] / 100
    if convention == "log":
        for index, band in enumerate(BANDS[:13]):
            low, high = (facts["scales"]["log"][key][band] for key in ("low", "high"))
            ratio = (image[:, index] / low).log() / torch.tensor(high / low).log()
            expected[:, index] = 1 / (1 + (7 / 3) ** (1 - 2 * ratio))
    padded = torch.cat([expected, expected[:, :, -1:].expand(-1, -1, 8, -1)], dim=2)
    with torch.no_grad():
        logits = model(image)
    assert (logits - forward(weights, padded)[:, :, :40]).abs().max() < 1e-3
    assert model.bands == tuple(BANDS) and model.classes == tuple(CLASSES) and model.multiple == 16
    assert model.name == "segnet" and not model.training


@pytest.mark.parametrize("name", ["deeplabv3", "unet", "unetplusplus", "fpn", "psp"])
def test_the_other_networks(tmp_path: Path, facts: dict[str, Any], name: str) -> None:
    torch.manual_seed(0)
    network, multiple = build_segmentation_network(name, 4, 2, {"encoder_name": "resnet18"})
    path = write_lightning(tmp_path / "w.ckpt", network.state_dict())
    given = {**facts, "bands": BANDS[:4], "encoder_name": "resnet18"}
    given["classes"] = ClassTable(
        name="two", classes={k: {"values": [i], "colour": [0, 0, 0]} for i, k in enumerate("ab")}
    )
    model = published_segmenter(path, **given)
    assert (model.name, model.multiple, model.classes) == (name, multiple, ("a", "b"))
    image = torch.rand(1, 4, 64, 64) * 3000
    with torch.no_grad():
        assert torch.allclose(model(image), network.eval()(image / 15000), atol=1e-4)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"convention": "sqrt"}, "convention: found 'sqrt', expected one of linear, log"),
        (
            {"bands": BANDS[:3]},
            "a network from 15 bands to 4 classes, expected 3 bands (B1, B2, B3) and 4 classes",
        ),
        ({"classes": ["a", "b"]}, "to 4 classes, expected 15 bands"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, facts: dict[str, Any], given: dict[str, Any], words: str) -> None:
    path = write_state_dict(tmp_path / "w.pt", random_weights())
    with pytest.raises(UserError, match=re.escape(words)):
        published_segmenter(path, **{**facts, **given})


def test_weights_of_something_else(tmp_path: Path, facts: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="found no network of Nimbus among its 1 tensors"):
        published_segmenter(write_state_dict(tmp_path / "w.pt", {"fc.weight": torch.ones(2, 2)}), **facts)
    headless = {"decoder.p5.weight": torch.ones(4, 4, 1, 1)}
    with pytest.raises(UserError, match=r"found a fpn without encoder\.conv1\.weight"):
        published_segmenter(write_state_dict(tmp_path / "w.pt", headless), **facts)

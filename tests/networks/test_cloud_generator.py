"""Masks become clouds, whatever file the network comes from."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from errors import UserError
from networks.cloud_generator import CloudGenerator, as_cloud_generator, load_cloud_generator
from networks.cyclegan_checkpoint import export_pth
from networks.translation import Translator, build_translator
from tests.fakes.cyclegan_weights import generator_weights, run_generator, write_pth

OPTIONS = {"base_width": 2, "blocks": 1, "output": "tanh"}


def masks(*shape: int) -> torch.Tensor:
    return (torch.rand(*shape, generator=torch.Generator().manual_seed(1)) > 0.5).float()


def checkpoint(path: Path, translator: Translator, **model: Any) -> Path:
    """A checkpoint as a CycleGAN's, with an average, the other direction, and an interpolation in its config."""
    config = {
        "width": 2,
        "model": {
            "network": "resnet", "in_channels": translator.in_channels, "out_channels": translator.out_channels,
            "network_options": {**OPTIONS, "base_width": "${width}"}, **model,
        },
    }  # fmt: skip
    tensors = {f"network.{name}": tensor for name, tensor in translator.state_dict().items()}
    tensors |= {f"back_network.{name}": tensor for name, tensor in translator.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": tensors, "nadir": {"config": config}, "epoch": 1}, path)
    return path


@pytest.mark.parametrize("size", [(64, 64), (50, 67)])
def test_a_published_file_paints_clouds_over_three_equal_bands(tmp_path: Path, size: tuple[int, int]) -> None:
    weights = generator_weights(3, blocks=2)
    generator = load_cloud_generator(write_pth(tmp_path / "latest_net_G_B.pth", weights))
    mask = masks(2, 1, *size)
    with torch.no_grad():
        clouds = generator(mask)
        expected = (run_generator(weights, mask.expand(-1, 3, -1, -1) * 2 - 1) + 1) / 2
    assert clouds.shape == (2, 3, *size) and clouds.dtype == torch.float32
    torch.testing.assert_close(clouds, expected[..., : size[0], : size[1]], rtol=1e-4, atol=1e-5)
    assert clouds.min() >= 0 and clouds.max() <= 1 and clouds.std() > 0.02
    assert generator.bands == 3 and generator.source == "latest_net_G_B.pth"
    assert torch.equal(generator(mask.bool()), clouds) and not generator.training


@pytest.mark.parametrize("names", [("best", "last"), ("last",)])
def test_checkpoints_and_runs_hold_the_same_network(tmp_path: Path, names: tuple[str, ...]) -> None:
    torch.manual_seed(2)
    translator = build_translator("resnet", 1, 4, OPTIONS)
    for name in names:
        other = translator if name == names[0] else build_translator("resnet", 1, 4, OPTIONS)
        checkpoint(tmp_path / "checkpoints" / f"{name}.ckpt", other)
    expected = as_cloud_generator(translator)(masks(1, 1, 21, 30))
    for path in (
        tmp_path,
        tmp_path / "checkpoints" / f"{names[0]}.ckpt",
        export_pth(translator, tmp_path / "x.pth"),
    ):
        generator = load_cloud_generator(str(path))
        assert isinstance(generator, CloudGenerator) and generator.bands == 4
        assert torch.equal(generator(masks(1, 1, 21, 30)), expected)


def test_tiny_masks_and_layouts(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "g.pth", generator_weights(blocks=1))
    fast, plain = (load_cloud_generator(path, channels_last=each) for each in (True, False))
    for size in ((1, 1), (3, 17), (40, 40)):
        clouds = fast(masks(1, 1, *size))
        assert clouds.shape == (1, 3, *size)
        torch.testing.assert_close(clouds, plain(masks(1, 1, *size)), rtol=1e-4, atol=1e-5)


def test_another_network_of_a_run(tmp_path: Path) -> None:
    translator = build_translator("unet", 1, 3, None).eval()
    path = checkpoint(tmp_path / "c.ckpt", translator, network="unet", network_options=None)
    mask = masks(1, 1, 30, 41)
    torch.testing.assert_close(load_cloud_generator(path)(mask), translator(mask).clamp(0, 1))


def test_an_already_made_generator_stays_itself() -> None:
    made = as_cloud_generator(build_translator("resnet", 1, 3, OPTIONS))
    assert as_cloud_generator(made) is made
    assert as_cloud_generator(build_translator("resnet", 2, 3, OPTIONS).generator).translator.in_channels == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state_dict": {"a": torch.zeros(1)}}, "found no tensors of network, expected a published"),
        (
            {"state_dict": {"network.a": torch.zeros(1)}, "nadir": {"config": {"model": {}}}},
            "of another model",
        ),
        (
            {"state_dict": {"network.a": torch.zeros(1)}, "nadir": {"config": {"model": {"network": "${x"}}}},
            "of another model",
        ),
        (OrderedDict(a=torch.zeros(1)), "found 1 tensors .a., expected a plain state dict"),
        ([1], "another kind"),
    ],
)
def test_other_files_are_one_sentence(tmp_path: Path, content: Any, words: str) -> None:
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(UserError, match=words) as caught:
        load_cloud_generator(tmp_path / "x.ckpt")
    assert "\n" not in str(caught.value)


def test_missing_files_empty_runs_and_wrong_masks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no such file; expected a published latest_net_G_B\.pth"):
        load_cloud_generator(tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"found none of checkpoints/best\.ckpt"):
        load_cloud_generator(tmp_path)
    made = as_cloud_generator(build_translator("resnet", 1, 3, OPTIONS))
    with pytest.raises(UserError, match=r"shape \(1, 3, 8, 8\), expected \(images, 1, rows, columns\)"):
        made(torch.zeros(1, 3, 8, 8))
    with pytest.raises(UserError, match="found a Conv2d, expected a published"):
        as_cloud_generator(torch.nn.Conv2d(1, 1, 1))
    with pytest.raises(UserError, match="recurrent"):
        as_cloud_generator(build_translator("resnet", 1, 3, OPTIONS, recurrent=True))

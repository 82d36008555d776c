"""SegNetLite from files of Nimbus: the same outputs, whatever else lies in them, and nothing of it is run."""

import pathlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.utilities.parsing import AttributeDict
from torch.utils.data import DataLoader

from errors import UserError
from networks.published import segnet_from_checkpoint
from networks.segnet import SegNet
from tests.fakes.segnet_weights import forward, random_weights, write_lightning, write_state_dict

Weights = dict[str, torch.Tensor]


def image(*size: int) -> torch.Tensor:
    return torch.rand(*size, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("write", [write_state_dict, write_lightning])
@pytest.mark.parametrize("size", [(2, 15, 64, 64), (1, 15, 128, 96)])
def test_outputs_are_those_of_the_weights(
    tmp_path: Path, write: Callable[..., Path], size: tuple[int, ...]
) -> None:
    weights = random_weights(seed=7)
    network = segnet_from_checkpoint(write(tmp_path / "w.ckpt", weights))
    with torch.no_grad():
        logits = network(image(*size))
    assert logits.shape == (size[0], 4, *size[2:]) and logits.dtype == torch.float32
    assert (logits - forward(weights, image(*size))).abs().max() < 1e-4
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())


def test_widths_are_read_from_the_tensors_and_the_dropout_from_the_settings(tmp_path: Path) -> None:
    weights = random_weights(13, 3, down=(8, 12, 16), up=(12, 8, 6))
    network = segnet_from_checkpoint(write_lightning(tmp_path / "w.ckpt", weights))
    assert isinstance(network, SegNet) and network.dropout.p == 0.25 and network.multiple == 8
    with torch.no_grad():
        assert (
            network(image(1, 13, 24, 40)) - forward(weights, image(1, 13, 24, 40), stages=3)
        ).abs().max() < 1e-4
    plain = segnet_from_checkpoint(write_state_dict(tmp_path / "w.pt", weights))
    assert isinstance(plain, SegNet) and plain.dropout.p == 0.1


class Published(pl.LightningModule):
    """A module with the attributes that Nimbus's has."""

    def __init__(
        self, model: str, class_weights: torch.Tensor, model_args: dict[str, Any], dropout: float
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = SegNet(15, 4)
        self.criterion = torch.nn.CrossEntropyLoss(weight=class_weights, reduction="none")

    def training_step(self, image: torch.Tensor, _index: int) -> torch.Tensor:
        return self.model(image).square().mean()  # type: ignore[no-any-return]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-3)


def test_a_checkpoint_that_lightning_itself_wrote(tmp_path: Path) -> None:
    module = Published("segnet", torch.full((4,), 0.25), {}, 0.4)
    trainer = pl.Trainer(
        default_root_dir=tmp_path, max_steps=2, accelerator="cpu", logger=False, enable_progress_bar=False,
        callbacks=[ModelCheckpoint(tmp_path, save_last=True)], enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, DataLoader([image(15, 16, 16)] * 4, batch_size=2))
    network = segnet_from_checkpoint(tmp_path / "last.ckpt")
    assert isinstance(network, SegNet) and network.dropout.p == 0.4
    with torch.no_grad():
        assert torch.equal(network(image(1, 15, 32, 32)), module.model.eval()(image(1, 15, 32, 32)))


built: list[int] = []


def build(value: int) -> "Foreign":
    built.append(value)
    return Foreign()


class Foreign:
    """An object of a class of somebody's own; building it would be noticed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return build, (1,), {"state": 2}


@pytest.mark.parametrize(
    "settings",
    [
        {"class_weights": np.array([0.1, 0.2, 0.3, 0.4]), "lr": np.float64(1e-3), "dropout": 0.25},
        AttributeDict(dropout=0.25, model_args=AttributeDict(a=1)),
        {"path": pathlib.PurePosixPath("a/b"), "dropout": 0.25, "tuple": (1, [2, {"x": np.arange(3)}])},
        {"foreign": Foreign(), "dropout": 0.25},
    ],
    ids=["numpy", "attributes", "path", "foreign"],
)
def test_objects_beside_the_tensors_do_not_matter_and_are_not_built(tmp_path: Path, settings: Any) -> None:
    weights = random_weights(4, 2, down=(4, 6), up=(4, 4))
    path = write_lightning(tmp_path / "w.ckpt", weights, hyper_parameters=settings, args=Foreign())
    built.clear()
    network = segnet_from_checkpoint(str(path))
    assert built == []
    assert isinstance(network, SegNet) and network.dropout.p == 0.25
    assert all(torch.equal(tensor, weights[name]) for name, tensor in network.state_dict().items())


def test_other_layouts_of_the_same_tensors(tmp_path: Path) -> None:
    weights = random_weights(4, 2, down=(4, 6), up=(4, 4))
    bare = {name: tensor for name, tensor in weights.items() if not name.endswith("num_batches_tracked")}
    halves = {
        name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in weights.items()
    }
    wrapped = {f"module.model.{name}": tensor for name, tensor in weights.items()}
    old = tmp_path / "old.pt"
    torch.save(weights, old, _use_new_zipfile_serialization=False)
    for tensors in (bare, halves, wrapped, {**weights, "criterion.weight": torch.ones(2)}):
        path = write_state_dict(tmp_path / "w.pt", tensors)
        assert (
            segnet_from_checkpoint(path)(image(1, 4, 8, 8)) - forward(weights, image(1, 4, 8, 8), 2)
        ).abs().max() < 0.02
    assert (
        segnet_from_checkpoint(old)(image(1, 4, 8, 8)) - forward(weights, image(1, 4, 8, 8), 2)
    ).abs().max() < 1e-5


def without(name: str) -> Callable[[Weights], Weights]:
    return lambda weights: {key: tensor for key, tensor in weights.items() if key != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("layers_bn_down.1.running_var"), "found nothing for layers_bn_down.1.running_var, expected (6,)"),
        (without("conv1x1.weight"), "found 0 tensors called conv1x1.weight"),
        (without("layers_conv_up.0.weight"), "found no layers_conv_up.0.weight"),
        (without("layers_conv_up.1.weight"), "expected as many up as down"),
        (lambda w: {**w, "layers_conv_down.7.weight": torch.ones(1)}, "for layers_conv_down.7.weight, expected nothing"),
        (lambda w: {**w, "conv1x1.bias": torch.ones(3)}, "found (3,) for conv1x1.bias, expected (2,)"),
        (lambda w: {**w, "conv1x1.bias": torch.tensor([1, torch.nan])}, "conv1x1.bias holds values that are no finite"),
        (lambda w: {**w, "layers_conv_down.0.weight": torch.ones(4, 4, 5, 5)}, "expected (out, in, 3, 3)"),
        (lambda w: {"epoch": torch.tensor(3)}, "found 0 tensors called conv1x1.weight"),
    ],
)  # fmt: skip
def test_weights_of_another_network(tmp_path: Path, change: Callable[[Weights], Weights], words: str) -> None:
    path = write_state_dict(tmp_path / "w.pt", change(random_weights(4, 2, down=(4, 6), up=(4, 4))))
    with pytest.raises(UserError, match=re.escape(words)) as caught:
        segnet_from_checkpoint(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)

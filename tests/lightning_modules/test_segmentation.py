"""Training, validation and test of segmentation, through the real Trainer."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_module
from torch.optim.lr_scheduler import ExponentialLR, ReduceLROnPlateau
from torch.utils.data import DataLoader

from callbacks.evaluation_loop import evaluate
from callbacks.pictures import Pictures
from errors import UserError
from lightning_modules.optimization import warmup_cosine
from lightning_modules.segmentation import Segmentation
from products.class_table import ClassTable
from running.instantiation import instantiate
from tests.fakes.resumed import RandomState, same
from tests.fakes.segmentation_batches import BANDS, Data, Scenes, loader

CLASSES = ("cloud", "ground", "snow", "water")
SMALL = {"widths_down": [8, 16], "widths_up": [8, 8], "dropout": 0.0}


def module(**options: Any) -> Segmentation:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "network": "segnet",
        "network_options": SMALL,
        "bands": BANDS,
        "classes": CLASSES,
        "auxiliary_layers": {"altitude": {"divide_by": 5000}},
        "optimizer": functools.partial(torch.optim.Adam, lr=1e-2),
    }
    return Segmentation(**(defaults | options))


def trainer(folder: Path, **options: Any) -> pl.Trainer:
    defaults: dict[str, Any] = {
        "max_epochs": -1,
        "accelerator": "cpu",
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "default_root_dir": folder,
        "log_every_n_steps": 1,
        "val_check_interval": 1000,
        "check_val_every_n_epoch": None,
        "num_sanity_val_steps": 0,
    }
    return pl.Trainer(**(defaults | options))


@pytest.mark.parametrize(
    "options",
    [
        {"class_weighting": "inverse_sqrt", "scheduler": warmup_cosine},
        {"loss": {"dice": 1.0, "focal": 1.0}, "normalisation": {"kind": "linear"}},
        {"loss": {"cross_entropy": 1.0, "lovasz": 1.0}, "ema_decay": 0.8, "channels_last": False},
    ],
    ids=["weighted", "dice", "lovasz"],
)
def test_it_learns_classes_from_their_bands(tmp_path: Path, options: dict[str, Any]) -> None:
    model, data = module(**options), Data()
    fit = trainer(tmp_path, max_steps=70)
    fit.fit(model, datamodule=data)
    (after,) = fit.validate(model, datamodule=data, verbose=False)
    assert after["val/mean_iou"] > 0.9
    assert {"val/loss", "val/accuracy", *(f"val/iou_{name}" for name in CLASSES)} <= set(after)
    assert fit.global_step == 70


def test_statistics_come_from_the_data_at_the_start_of_a_training_and_stay_in_the_checkpoint(
    tmp_path: Path,
) -> None:
    model, data = module(class_weighting="inverse", ema_decay=0.5), Data(counts=[10, 10, 0, 5])
    fit = trainer(tmp_path, max_steps=1)
    fit.fit(model, datamodule=data)
    assert sorted(data.asked) == ["bands", "classes"]
    assert model.live_network is not None
    for network in (model.network, model.live_network):
        normalisation: Any = network.normalisation
        assert normalisation.mean.flatten().tolist() == [3700.0, 2700.0, 0.0]
        assert normalisation.std.flatten().tolist() == [2900.0, 2500.0, 1.0]
    assert model.loss.weights.tolist() == pytest.approx([0.25, 0.25, 0.5, 0.5])
    fit.save_checkpoint(tmp_path / "a.ckpt")

    class Other(Data):
        def band_statistics(self) -> dict[str, list[float]]:
            raise AssertionError("a test asked for statistics")

    again = module(class_weighting="inverse", ema_decay=0.5)
    again.load_state_dict(torch.load(tmp_path / "a.ckpt", weights_only=True)["state_dict"])
    trainer(tmp_path).test(again, datamodule=Other(), verbose=False)
    assert same(dict(again.state_dict()), dict(model.state_dict()))


def test_statistics_from_a_file_take_the_place_of_the_datas_own(tmp_path: Path) -> None:
    path = tmp_path / "band_statistics.yaml"
    path.write_text("{bands: [altitude, B8, B3], mean: [1, 800, 300], std: [1, 80, 30]}")
    model, data = module(normalisation={"kind": "standard", "file": str(path)}), Data()
    trainer(tmp_path, max_steps=1).fit(model, datamodule=data)
    normalisation: Any = model.network.normalisation
    assert data.asked == [] and normalisation.mean.flatten().tolist() == [300.0, 800.0, 0.0]


def test_constants_of_the_logarithmic_scale_from_a_file_stay_in_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "band_statistics.yaml"
    path.write_text("log: {shares: [0.3, 0.7], low: {B3: 100, B8: 200}, high: {B3: 1000, B8: 2000}}")
    options: dict[str, Any] = {"normalisation": {"kind": "log", "file": str(path)}, "ema_decay": 0.5}
    model = module(**options)
    trainer(tmp_path, max_steps=1).fit(model, datamodule=Data())
    path.unlink()
    again = module(**options)
    again.load_state_dict(model.state_dict())
    image = torch.tensor([100.0, 2000.0, 2500.0]).view(1, 3, 1, 1)
    assert again.network.normalisation(image).flatten().tolist() == pytest.approx([0.3, 0.7, 0.5], abs=1e-6)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_loss_is_that_of_pixels_with_data_and_a_class(tmp_path: Path, precision: Any) -> None:
    model = module(normalisation={"kind": "linear"})
    batch = next(iter(loader(4)))
    with torch.no_grad():
        logits = model.train()(batch["image"], batch["valid"])
    known = (batch["mask"] != 255) & batch["valid"][:, 0]
    expected = torch.nn.functional.cross_entropy(logits.movedim(1, -1)[known], batch["mask"][known])

    class First(pl.LightningDataModule):
        def train_dataloader(self) -> DataLoader:
            return DataLoader([batch], batch_size=None)

    fit = trainer(tmp_path, max_steps=1, precision=precision)
    fit.fit(module(normalisation={"kind": "linear"}), datamodule=First())
    assert float(fit.logged_metrics["train/loss"]) == pytest.approx(
        float(expected), rel=1e-5 if precision == "32-true" else 0.02
    )


def test_figures_of_a_validation_do_not_depend_on_the_size_of_batches(tmp_path: Path) -> None:
    fit, model = trainer(tmp_path), module(loss="cross_entropy", normalisation={"kind": "linear"})
    seen = [fit.validate(model, loader(7, size), verbose=False)[0] for size in (1, 3, 7)]
    for name, value in seen[0].items():
        assert [each[name] for each in seen[1:]] == pytest.approx([value] * 2, rel=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {
            "ema_decay": 0.9,
            "scheduler": warmup_cosine,
            "gradient_clip_norm": 1.0,
            "class_weighting": "inverse_sqrt",
        },
        {"scheduler": functools.partial(ExponentialLR, gamma=0.9), "scheduler_interval": "epoch"},
        {
            "scheduler": functools.partial(ReduceLROnPlateau, patience=0, threshold=10.0),
            "scheduler_interval": "validation",
            "loss": {"cross_entropy": 1.0, "dice": 0.5},
        },
    ],
    ids=["average", "epochs", "plateau"],
)
def test_a_run_that_was_interrupted_ends_bit_for_bit_like_one_that_was_not(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    rows: list[list[dict[str, Any]]] = []

    def fit(stop: int, path: Path | None = None) -> pl.Trainer:
        rows.append([])

        class Stop(pl.Callback):
            def on_train_batch_end(self, running: pl.Trainer, *_arguments: Any) -> None:
                logged = running.logged_metrics  # of the batch before
                rows[-1].append({k: v for k, v in logged.items() if k.startswith("train/")})
                running.should_stop = running.global_step >= stop

        run = trainer(
            tmp_path,
            max_steps=11,
            min_steps=0,
            callbacks=[RandomState(), Stop()],
            val_check_interval=2,
            check_val_every_n_epoch=None,
        )
        dropout = {"network_options": {**SMALL, "dropout": 0.2}}
        run.fit(module(**(options | dropout)), datamodule=Data(count=12), ckpt_path=path, weights_only=True)
        return run

    through = fit(11)
    interrupted = fit(4)
    assert interrupted.global_step == 4
    interrupted.save_checkpoint(tmp_path / "half.ckpt")
    resumed = fit(11, tmp_path / "half.ckpt")
    assert resumed.global_step == through.global_step == 11
    assert same(rows[2][1:], rows[0][5:])
    assert same(resumed.lightning_module.state_dict(), through.lightning_module.state_dict())
    for first, second in zip(resumed.optimizers, through.optimizers, strict=True):
        assert same(first.state_dict(), second.state_dict())
    for first, second in zip(resumed.lr_scheduler_configs, through.lr_scheduler_configs, strict=True):
        assert first.scheduler.state_dict() == second.scheduler.state_dict()


@pytest.mark.parametrize("size", [1, 3, None])
def test_test_batches_give_probabilities_and_classes_in_parts_or_at_once(size: int | None) -> None:
    model = module(test_batch=size).eval()
    sizes: list[int] = []
    model.network.network.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    batch = next(iter(loader(7, 7)))
    with torch.no_grad():
        made = model.test_step(batch, 0)
        whole = model(batch["image"], batch["valid"])
    assert max(sizes[:-1]) == (size or 7)
    assert made["probabilities"].shape == (7, 4, 32, 32) and made["probabilities"].dtype == torch.float32
    assert torch.allclose(made["probabilities"], whole.softmax(1), atol=1e-5)
    assert made["prediction"].dtype == torch.uint8
    assert torch.equal(made["prediction"].long(), made["probabilities"].argmax(1))


def test_it_validates_in_the_middle_of_a_mission_and_draws_panels(tmp_path: Path) -> None:
    """Where Lightning's own loop does not run: at a ground contact."""
    seen: list[dict[str, float]] = []

    class Contact(pl.Callback):
        def on_train_batch_end(self, running: pl.Trainer, model: Any, *_arguments: Any) -> None:
            seen.append(evaluate(running, model, loader(6)))

    pictures = Pictures(str(tmp_path / "pictures"), num_samples=2)
    fit = trainer(tmp_path, max_steps=2, callbacks=[Contact(), pictures], val_check_interval=2)
    fit.fit(module(), datamodule=Data(8))
    assert {"val/loss", "val/mean_iou", "val/iou_snow"} <= set(seen[0])
    assert (tmp_path / "pictures" / "step_0000002.png").exists()


def test_pictures_leave_everything_as_it_was() -> None:
    table = ClassTable(
        name="t", classes={name: {"values": [i], "colour": [i, 10, 255]} for i, name in enumerate(CLASSES)}
    )
    model, batch = module(classes=table).train(), next(iter(loader(3)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pictures = model.pictures(batch)
    assert same(dict(model.state_dict()), before) and model.network.training
    assert {name: tuple(picture.shape) for name, picture in pictures.items()} == {
        "image": (3, 3, 32, 32),
        "truth": (3, 3, 32, 32),
        "prediction": (3, 3, 32, 32),
        "error": (3, 1, 32, 32),
        "confidence": (3, 1, 32, 32),
    }
    assert all(picture.min() >= 0 and picture.max() <= 1 for picture in pictures.values())
    assert torch.allclose(
        pictures["truth"][0, :, 10, 10] * 255, torch.tensor([float(batch["mask"][0, 10, 10]), 10, 255])
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": "unet3"}, "model.network: found 'unet3', expected one of segnet"),
        (
            {"bands": None},
            "model.bands: found none, expected names of bands, or null and data that have some",
        ),
        (
            {"classes": None},
            "model.classes: found None, expected a table of conf/classes such as classes=clouds",
        ),
        ({"classes": "clouds"}, "model.classes: found 'clouds'"),
        ({"scheduler_interval": "batch"}, "scheduler_interval: found 'batch'"),
        ({"ema_decay": 1.0}, "ema_decay: found 1.0"),
        (
            {"class_weighting": "sqrt"},
            "model.class_weighting: found 'sqrt', expected one of none, inverse_sqrt, inverse",
        ),
        ({"loss": "mse"}, "model.loss: found 'mse', expected one of cross_entropy, focal, dice, lovasz"),
        ({"normalisation": {"kind": "minmax"}}, "normalisation.kind: found 'minmax'"),
        (
            {"normalisation": {"kind": "linear", "scale": 3}},
            "model.normalisation: found 'scale', expected kind, file, linear",
        ),
        (
            {"normalisation": {"kind": "linear", "file": "a"}},
            "normalisation.file: found a, expected null with kind=linear",
        ),
    ],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)):
        module(**options)


def test_weights_of_classes_need_data_that_count_them(tmp_path: Path) -> None:
    fit = trainer(tmp_path, max_steps=1)
    with pytest.raises(UserError, match="class_weighting=inverse needs data that count pixels by class"):
        fit.fit(module(class_weighting="inverse"), DataLoader(Scenes(4), batch_size=2))


@pytest.mark.parametrize("name", ["segmentation", "segmentation_published"])
@pytest.mark.parametrize("network", ["segnet", "deeplabv3", "unet", "unetplusplus", "fpn", "psp"])
def test_the_catalogue_has_a_fast_and_the_published_models(name: str, network: str) -> None:
    words = [f"model={name}", f"model.network={network}", "model.bands=[B3,B8,altitude]", "classes=clouds", "auxiliary_layers=default"]  # fmt: skip
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("train", words).model
    with torch.device("meta"):
        model = instantiate(config)
    assert model.network.classes == CLASSES and model.predict_task == "segment"
    assert model.network.normalisation.is_auxiliary == (False, False, True)
    optimizer = model.optimizer([torch.nn.Parameter(torch.zeros(1))])
    kind = type(model.network.normalisation).__name__
    if name == "segmentation":
        assert isinstance(optimizer, torch.optim.AdamW) and kind == "StandardNormalisation"
        assert model.scheduler is not None
    else:
        assert isinstance(optimizer, torch.optim.Adam) and kind == "LinearNormalisation"
        assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["weight_decay"]) == (1e-3, 0)
        assert (
            model.scheduler is None and model.class_weighting == "inverse_sqrt" and not model.loss.by_weights
        )
    depth = {"segmentation": (2, 2, 2, 2), "segmentation_published": (3, 4, 6, 3)}[name]
    if network != "segnet":
        encoder = model.network.network.encoder
        assert tuple(len(getattr(encoder, f"layer{i}")) for i in range(1, 5))[: encoder._depth - 1] == depth[: encoder._depth - 1]  # fmt: skip

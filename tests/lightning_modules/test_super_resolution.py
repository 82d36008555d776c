"""Training, validation and test of super-resolution, through the real Trainer."""

import functools
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_module
from torch.nn import functional
from torch.optim.lr_scheduler import ExponentialLR, ReduceLROnPlateau
from torch.utils.data import DataLoader, Dataset, IterableDataset

from callbacks.evaluation_loop import evaluate
from callbacks.pictures import Pictures
from datamodules.sampling import StreamBatchSampler
from errors import UserError
from lightning_modules.optimization import warmup_cosine
from lightning_modules.super_resolution import SuperResolution
from products.sensor import Sensor
from running.instantiation import instantiate
from tests.fakes.resumed import RandomState, same

BANDS = {"F1": 10, "F2": 10, "C1": 20, "C2": 20, "C3": 20, "D1": 60}


def sensor() -> Sensor:
    return Sensor(
        name="toy",
        bands={name: {"ground_sample_distance_m": m} for name, m in BANDS.items()},
        dtype="uint16",
        nodata=0,
        valid_range=[1, 65535],
        readers=[],
    )


class Scenes(Dataset):
    """Coarse bands are mixtures of the fine ones, seen through 2 x 2 pixels; every fifth lacks its first rows (NaN)."""

    def __init__(self, count: int = 64, side: int = 16) -> None:
        self.count, self.side = count, side

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int | tuple[int, int]) -> dict[str, Any]:
        index = place if isinstance(place, int) else place[0]
        generator = torch.Generator().manual_seed(index)
        fine = torch.rand(2, self.side, self.side, generator=generator) * 6000
        mixture = torch.tensor([[0.8, 0.1], [0.5, 0.5], [0.2, 0.7]])
        target = torch.einsum("ij,jhw->ihw", mixture, fine) + 500
        coarse = functional.avg_pool2d(target[None], 2)
        upsampled = [
            functional.interpolate(coarse, scale_factor=2, mode=mode)[0] for mode in ("bilinear", "bicubic")
        ]
        valid = torch.ones_like(target, dtype=torch.bool)
        if index % 5 == 0:
            target[:, :3], valid[:, :3] = torch.nan, False
        return {
            "inputs": {10: fine, 20: upsampled[0]},
            "target": target,
            "valid": valid,
            "bicubic": upsampled[1],
            "id": str(index),
        }


def loader(batch_size: int = 4, **options: Any) -> DataLoader:
    return DataLoader(Scenes(**options), batch_size=batch_size, generator=torch.Generator().manual_seed(0))


def module(**options: Any) -> SuperResolution:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "network": "dsen2",
        "network_options": {"features": 8, "blocks": 1},
        "sensor": sensor(),
        "target_m": 20,
        "normalisation": {"scale": 2000.0, "offset": 0.0},
        "optimizer": functools.partial(torch.optim.Adam, lr=1e-2),
    }
    return SuperResolution(**(defaults | options))


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
    }
    return pl.Trainer(**(defaults | options))


def test_it_learns_what_the_fine_bands_know_of_the_coarse_ones(tmp_path: Path) -> None:
    model = module(network_options={"features": 16, "blocks": 0, "zero_tail": True}, scheduler=warmup_cosine)
    fit = trainer(tmp_path, max_steps=100)
    (before,) = fit.validate(model, loader(count=8), verbose=False)
    fit.fit(model, loader())
    (after,) = fit.validate(model, loader(count=8), verbose=False)
    assert after["val/rmse"] < 0.5 * after["val/rmse_bicubic"]
    assert after["val/rmse_bicubic"] == before["val/rmse_bicubic"] > 500
    assert after["val/loss"] < 0.25 * before["val/loss"]
    assert fit.global_step == 100


@pytest.mark.parametrize("normalisation", [(2000.0, 0.0), (16100.0, 100.0)])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_loss_is_l1_of_valid_values_on_the_networks_scale(
    tmp_path: Path, normalisation: tuple[float, float], precision: Any
) -> None:
    scale, offset = normalisation
    model = module(normalisation={"scale": scale, "offset": offset})
    batch = next(iter(loader()))
    with torch.no_grad():
        error = (model(batch["inputs"]) - batch["target"])[batch["valid"]]
    fit = trainer(tmp_path, max_steps=1, precision=precision)
    fit.fit(model, loader())
    assert float(fit.logged_metrics["train/loss"]) == pytest.approx(
        float(error.abs().mean()) / scale, rel=1e-4 if precision == "32-true" else 0.02
    )
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


@pytest.mark.parametrize(
    "options",
    [
        {"ema_decay": 0.9, "scheduler": warmup_cosine, "gradient_clip_norm": 1.0},
        {"scheduler": functools.partial(ExponentialLR, gamma=0.9), "scheduler_interval": "epoch"},
        {
            "scheduler": functools.partial(ReduceLROnPlateau, patience=0, threshold=10.0),
            "scheduler_interval": "validation",
            "optimizer": functools.partial(torch.optim.NAdam, lr=1e-3, momentum_decay=0.004),
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
        stream = StreamBatchSampler(12, 4, seed=0, first_batch=lambda: run.global_step)
        data = DataLoader(Scenes(12), batch_sampler=stream)
        run.fit(module(**options), data, loader(count=6), ckpt_path=path, weights_only=True)
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


def test_the_average_predicts_and_the_live_network_learns(tmp_path: Path) -> None:
    model = module(ema_decay=0.5)
    live = model.live_network
    assert live is not None and live is model.trained_network and live is not model.network
    seen: list[torch.Tensor] = []

    class Follow(pl.Callback):
        def on_train_batch_end(self, *_arguments: Any) -> None:
            seen.append(live.get_parameter("network.tail.bias").detach().clone())

    trainer(tmp_path, max_steps=3, callbacks=[Follow()]).fit(model, loader())
    expected = torch.zeros_like(seen[0])
    for updates, value in enumerate(seen):
        decay = min(0.5, (1 + updates) / (10 + updates))
        expected = decay * expected + (1 - decay) * value
    assert torch.allclose(model.network.get_parameter("network.tail.bias"), expected, atol=1e-7)
    assert {name.split(".")[0] for name in model.state_dict()} == {"network", "live_network"}


@pytest.mark.parametrize("size", [1, 3, None])
def test_test_batches_give_digital_numbers_in_parts_or_at_once(size: int | None) -> None:
    model = module(test_batch=size).eval()
    sizes: list[int] = []
    model.network.network.register_forward_hook(lambda _, given, __: sizes.append(len(given[0][0])))
    batch = next(iter(loader(7)))
    with torch.no_grad():
        prediction = model.test_step(batch, 0)["prediction"]
        assert max(sizes) == (size or 7)
        assert prediction.shape == batch["target"].shape and prediction.dtype == torch.float32
        assert torch.allclose(prediction, model.network(batch["inputs"]), rtol=1e-4, atol=0.05)


def test_it_validates_in_the_middle_of_a_mission_and_draws_panels(tmp_path: Path) -> None:
    """Where Lightning's own loop does not run: at a ground contact."""
    seen: list[dict[str, float]] = []

    class Contact(pl.Callback):
        def on_train_batch_end(self, running: pl.Trainer, model: Any, *_arguments: Any) -> None:
            seen.append(evaluate(running, model, loader(count=6)))

    pictures = Pictures(str(tmp_path / "pictures"), num_samples=2)
    fit = trainer(tmp_path, max_steps=4, callbacks=[Contact(), pictures], val_check_interval=2)
    fit.fit(module(), loader(count=8), loader(count=6))
    assert {"val/loss", "val/rmse", "val/rmse_bicubic"} <= set(seen[0])
    assert (tmp_path / "pictures" / "step_0000004.png").exists()


def test_pictures_leave_everything_as_it_was() -> None:
    model, batch = module().train(), next(iter(loader(3)))
    batch["target"], batch["valid"] = batch["target"][:2], batch["valid"][:2]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pictures = model.pictures(batch)
    assert same(dict(model.state_dict()), before) and model.network.training
    assert {name: tuple(picture.shape) for name, picture in pictures.items()} == {
        "bilinear": (2, 3, 16, 16),
        "prediction": (2, 3, 16, 16),
        "target": (2, 3, 16, 16),
        "error": (2, 1, 16, 16),
    }
    assert all(picture.min() >= 0 and picture.max() <= 1 for picture in pictures.values())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scheduler_interval": "batch"}, "scheduler_interval: found 'batch', expected one of step, epoch"),
        ({"ema_decay": 1.0}, r"ema_decay: found 1\.0"),
        ({"sensor": None}, "model.sensor: found None, expected an instrument of conf/sensor"),
        ({"target_m": 10}, "toy has no 10 m bands to sharpen; expected one of 20, 60"),
        ({"in_channels": [2, 2]}, r"found \[2, 2\], expected \[2, 3\], the bands of toy up to 20 m"),
        ({"normalisation": {"scale": 1.0}}, r"normalisation: found \['scale'\], expected scale and offset"),
        ({"network": "vdsen"}, "did you mean 'vdsen2'"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        module(**options)


def test_what_the_trainer_must_not_ask_for(tmp_path: Path) -> None:
    fit = trainer(tmp_path, max_steps=1)

    class Endless(IterableDataset):
        def __iter__(self) -> Iterator[Any]:
            return map(Scenes().__getitem__, itertools.count())

    endless = DataLoader(Endless(), batch_size=2)
    with pytest.raises(UserError, match="found epoch for an endless stream"):
        fit.fit(module(scheduler_interval="epoch"), endless)


@pytest.mark.parametrize(
    ("name", "overrides", "parameters", "scale"),
    [
        ("super_resolution", [], 452_422, 2000.0),
        ("super_resolution_published", [], 1_789_574, 2000.0),
        ("super_resolution_published", ["model.network=vdsen2"], 37_802_246, 2000.0),
        ("super_resolution_published", ["model.normalisation.scale=65535"], 1_789_574, 65535.0),
    ],
)
def test_the_catalogue_has_a_compact_and_the_published_models(
    name: str, overrides: list[str], parameters: int, scale: float
) -> None:
    given = [f"model={name}", "model.target_m=20", "sensor=sentinel2", *overrides]
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("train", given).model
    with torch.device("meta"):
        model = instantiate(config)
    assert config.network_options.zero_tail == (name == "super_resolution")
    assert sum(p.numel() for p in model.network.parameters()) == parameters
    assert model.network.scale == scale
    assert model.network.bands[10] == ("B4", "B3", "B2", "B8")
    assert model.predict_task == "super_resolve"
    optimizer = model.optimizer([torch.nn.Parameter(torch.zeros(1))])
    if name == "super_resolution_published":
        assert isinstance(optimizer, torch.optim.NAdam)
        assert optimizer.param_groups[0]["momentum_decay"] == 0.004
        plateau = model.scheduler(optimizer)
        assert (plateau.factor, plateau.patience, plateau.cooldown) == (0.5, 5, 20)
        assert (plateau.threshold, plateau.threshold_mode, plateau.min_lrs) == (1e-6, "abs", [1e-5])
        assert model.scheduler_interval == "validation"

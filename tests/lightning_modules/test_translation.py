"""Training, validation and test of translation, through the real Trainer."""

import functools
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_module
from torch.optim.lr_scheduler import ExponentialLR, ReduceLROnPlateau, StepLR
from torch.utils.data import DataLoader, Dataset

from callbacks.evaluation_loop import evaluate
from callbacks.pictures import Pictures
from datamodules.sampling import StreamBatchSampler
from errors import UserError
from lightning_modules.optimization import warmup_cosine
from lightning_modules.translation import Translation
from running.instantiation import instantiate
from tests.lightning_modules.test_compression import RandomState, same, trainer

CGAN: dict[str, Any] = {
    "adversarial_weight": 0.01,
    "discriminator_options": {"filters": [4, 8, 1], "strides": [2, 2, 1]},
    "alternation": {"generator_batches": 1, "discriminator_batches": 2},
    "real_label": [0.8, 1.0],
}


class Hazy(Dataset):
    """Frames of scenes under haze: a gain and an offset per frame; every fifth target lacks its first rows (NaN)."""

    def __init__(self, count: int = 64, length: int | None = None, side: int = 16) -> None:
        self.count, self.length, self.side = count, length, side

    def __len__(self) -> int:
        return self.count

    def frame(self, index: int) -> dict[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(index)
        target = torch.rand(2, self.side, self.side, generator=generator) * 1.6 - 0.3
        gain = torch.rand(1, generator=generator) * 0.5 + 0.4
        valid = torch.ones(1, self.side, self.side, dtype=torch.bool)
        source = torch.cat([gain * target + 0.3, gain.view(1, 1, 1).expand(1, self.side, self.side)])
        if index % 5 == 0:
            target[:, :3], valid[:, :3] = torch.nan, False
        return {"source": source, "target": target, "valid": valid}

    def __getitem__(self, index: int) -> dict[str, Any]:
        names = {"id": str(index), "scene": str(index // 6), "frame": index % 6}
        if self.length is None:
            return {**self.frame(index), **names}
        frames = [self.frame(index + step) for step in range(self.length)]
        return {**{key: torch.stack([frame[key] for frame in frames]) for key in frames[0]}, **names}


class Drawn(Dataset):
    """The samples of another one, by (index, draw) as the training stream asks for them."""

    def __init__(self, frames: Hazy) -> None:
        self.frames = frames

    def __getitem__(self, place: tuple[int, int]) -> dict[str, Any]:
        return self.frames[place[0]]


def loader(batch_size: int = 4, **options: Any) -> DataLoader:
    return DataLoader(Hazy(**options), batch_size=batch_size, generator=torch.Generator().manual_seed(0))


def module(**options: Any) -> Translation:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "network": "unet",
        "network_options": {"base_width": 4, "depth": 2},
        "in_channels": 3,
        "out_channels": 2,
        "optimizer": functools.partial(torch.optim.Adam, lr=1e-2),
        "optimizer_discriminator": functools.partial(torch.optim.Adam, lr=1e-3),
        "reconstruction": {"loss": "l1", "weight": 1.0},
    }
    return Translation(**(defaults | options))


class Watch(pl.Callback):
    """Notes which networks changed in each training batch."""

    def __init__(self) -> None:
        self.changed: list[str] = []

    def on_train_batch_start(self, running: Any, translation: Any, *_arguments: Any) -> None:
        self.before = self.state(translation)

    def on_train_batch_end(self, running: Any, translation: Any, *_arguments: Any) -> None:
        after = self.state(translation)
        self.changed.append("".join(n for n in "gd" if not torch.equal(self.before[n], after[n])))

    @staticmethod
    def state(translation: Translation) -> dict[str, torch.Tensor]:
        networks = {"g": translation.trained_network, "d": translation.discriminator}
        return {
            name: torch.cat([p.detach().flatten() for p in network.parameters()])
            for name, network in networks.items()
            if network is not None
        } | ({} if translation.discriminator is not None else {"d": torch.zeros(1)})


def test_regression_learns_to_undo_haze(tmp_path: Path) -> None:
    model = module()
    assert model.discriminator is None
    fit = trainer(tmp_path, max_steps=80)
    (before,) = fit.validate(model, loader(), verbose=False)
    fit.fit(model, loader())
    (after,) = fit.validate(model, loader(), verbose=False)
    assert after["val/psnr"] > before["val/psnr"] + 6
    assert after["val/ssim"] > before["val/ssim"] + 0.2
    assert after["val/loss"] == pytest.approx(after["val/reconstruction"])
    assert len(fit.optimizers) == 1


def test_the_generators_optimizer_holds_nothing_of_the_discriminator(tmp_path: Path) -> None:
    model = module(**CGAN)
    fit = trainer(tmp_path, max_steps=1)
    fit.fit(model, loader())
    held = [{id(p) for group in o.param_groups for p in group["params"]} for o in fit.optimizers]
    assert model.discriminator is not None
    assert held == [
        {id(p) for p in model.network.parameters()},
        {id(p) for p in model.discriminator.parameters()},
    ]


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize(
    ("alternation", "changed"),
    [
        ((1, 2), ["g", "d", "d", "g", "d", "d", "g"]),
        ((2, 1), ["g", "g", "d"] * 2 + ["g"]),
        ((1, 0), ["gd"] * 7),
    ],
)
def test_turns_are_counted_in_batches(
    tmp_path: Path, precision: Any, alternation: tuple[int, int], changed: list[str]
) -> None:
    names = dict(zip(("generator_batches", "discriminator_batches"), alternation, strict=True))
    watch, model = Watch(), module(**(CGAN | {"alternation": names}))
    fit = trainer(tmp_path, max_steps=7, callbacks=[watch], precision=precision, log_every_n_steps=7)
    fit.fit(model, loader())
    assert fit.global_step == 7
    assert watch.changed == changed
    expected = {
        "loss",
        "reconstruction",
        "adversarial",
        "discriminator_loss",
        "fooling_rate",
        "precision",
        "recall",
    }
    logged = {name for name, value in fit.logged_metrics.items() if torch.isfinite(torch.as_tensor(value))}
    assert {f"train/{name}" for name in expected} <= logged
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_row_of_the_loggers_has_the_terms_of_both_whatever_its_interval(tmp_path: Path) -> None:
    for interval in (2, 6, 11):
        fit = trainer(tmp_path, max_steps=12, log_every_n_steps=interval)
        fit.fit(module(**CGAN), loader())
        names = set(fit.logged_metrics)
        assert {"train/loss", "train/discriminator_loss", "train/learning_rate_discriminator"} <= names


@pytest.mark.parametrize(
    "options",
    [
        {"ema_decay": 0.9, "recurrent": True, "scheduler": warmup_cosine, "gradient_clip_norm": 1.0},
        {
            "scheduler": functools.partial(ExponentialLR, gamma=0.9),
            "scheduler_discriminator": functools.partial(StepLR, step_size=1, gamma=0.5),
            "scheduler_interval": "epoch",
            "network_options": {"base_width": 4, "depth": 2, "dropout": 0.5},
        },
        {
            "scheduler": functools.partial(ReduceLROnPlateau, patience=0, threshold=10.0),
            "scheduler_interval": "validation",
            "adversarial_weight": 0.0,
        },
    ],
    ids=["recurrent", "epochs", "plateau"],
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
        # epochs of three batches; the interruption falls within a cycle of the alternation and within an epoch
        frames = Hazy(count=12, length=3 if options.get("recurrent") else None)
        stream = StreamBatchSampler(12, 4, seed=0, first_batch=lambda: run.global_step)
        data = DataLoader(Drawn(frames), batch_sampler=stream)
        run.fit(module(**(CGAN | options)), data, loader(count=6), ckpt_path=path, weights_only=True)
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


def test_published_schedules_are_applied_once_an_epoch(tmp_path: Path) -> None:
    decay = functools.partial(ExponentialLR, gamma=0.99)
    model = module(**CGAN, scheduler=decay, scheduler_discriminator=decay, scheduler_interval="epoch")
    fit = trainer(tmp_path, max_steps=10)
    fit.fit(model, loader(count=12))  # 3 batches an epoch
    rates = [optimizer.param_groups[0]["lr"] for optimizer in fit.optimizers]
    assert rates == pytest.approx([1e-2 * 0.99**3, 1e-3 * 0.99**3], rel=1e-12)


def test_the_average_predicts_and_the_live_network_learns(tmp_path: Path) -> None:
    model = module(ema_decay=0.5)
    live = model.live_network
    assert live is not None and live is model.trained_network and live is not model.network
    seen: list[torch.Tensor] = []

    class Follow(pl.Callback):
        def on_train_batch_end(self, *_arguments: Any) -> None:
            seen.append(live.generator.output.bias.detach().clone())

    trainer(tmp_path, max_steps=3, callbacks=[Follow()]).fit(model, loader())
    expected = torch.zeros_like(seen[0])
    for updates, value in enumerate(seen):
        decay = min(0.5, (1 + updates) / (10 + updates))
        expected = decay * expected + (1 - decay) * value
    assert torch.allclose(model.network.generator.output.bias, expected, atol=1e-7)
    source = next(iter(loader()))["source"]
    assert torch.equal(model.eval()(source), model.network(source))
    names = {name.split(".")[0] for name in model.state_dict()}
    assert names == {"network", "live_network"}


def test_a_recurrent_model_runs_through_a_sequence_with_its_own_predictions(tmp_path: Path) -> None:
    model = module(recurrent=True)
    remembered: list[Any] = []
    forward = model.network.forward

    def spy(source: torch.Tensor, previous: torch.Tensor | None = None) -> torch.Tensor:
        remembered.append((previous, forward(source, previous)))
        return remembered[-1][1]

    model.network.forward = spy  # type: ignore[method-assign]
    trainer(tmp_path, max_steps=1).fit(model, loader(2, length=3))
    assert [previous is None for previous, _ in remembered] == [True, False, False]
    for (previous, _), (_, before) in zip(remembered[1:], remembered, strict=False):
        assert torch.equal(previous, before)
        assert not previous.requires_grad
        assert previous.shape == (2, 2, 16, 16)


def test_frames_are_as_good_as_images_where_there_is_no_memory(tmp_path: Path) -> None:
    states = []
    for size, length in ((3, 2), (6, None)):
        model = module(network_options={"base_width": 4, "depth": 1, "normalisation": "none"})
        order = [0, 1, 1, 2, 2, 3] if length is None else [0, 1, 2]
        batches = torch.utils.data.Subset(Hazy(length=length), order)
        trainer(tmp_path, max_steps=1).fit(model, DataLoader(batches, batch_size=size))
        states.append(model.state_dict())
    assert all(torch.allclose(states[0][name], states[1][name], atol=1e-6) for name in states[0])


def test_memory_lasts_as_long_as_the_scene_in_validation_and_test(tmp_path: Path) -> None:
    model = module(recurrent=True).eval()
    with torch.no_grad():
        model.network.generator.output.weight.normal_(0, 0.1)
    fit = trainer(tmp_path, limit_val_batches=1.0)
    figures = [fit.validate(model, loader(size, count=18), verbose=False)[0] for size in (6, 4, 1)]
    for name in ("val/psnr", "val/ssim"):
        assert [figure[name] for figure in figures] == pytest.approx([figures[0][name]] * 3, rel=1e-4)
    outputs = []
    for size in (6, 5):
        model.on_test_epoch_start()
        with torch.no_grad():
            outputs.append(
                [model.test_step(batch, i)["prediction"] for i, batch in enumerate(loader(size, count=12))]
            )
        assert outputs[-1][0].dtype == torch.float32
    assert torch.allclose(torch.cat(outputs[0]), torch.cat(outputs[1]), atol=1e-6)
    alone = model(Hazy()[3]["source"][None])
    assert not torch.allclose(torch.cat(outputs[0])[3], alone[0], atol=1e-4)


@pytest.mark.parametrize("size", [1, 3, None])
def test_large_test_batches_go_through_the_network_in_parts(size: int | None) -> None:
    model = module(test_batch=size).eval()
    with torch.no_grad():
        model.network.generator.output.weight.normal_(0, 0.1)
    sizes: list[int] = []
    model.network.generator.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    batch = next(iter(loader(7)))
    with torch.no_grad():
        prediction = model.test_step(batch, 0)["prediction"]
    assert max(sizes) == (size or 7)
    assert torch.allclose(prediction, model.network(batch["source"]), atol=1e-5)


def test_pictures_work_for_images_and_sequences_and_leave_everything_as_it_was() -> None:
    for options, length in (({}, None), ({"recurrent": True}, None), ({"recurrent": True}, 3)):
        model = module(**options).train()
        batch = next(iter(loader(3, length=length)))
        state, buffers = torch.get_rng_state(), {k: v.clone() for k, v in model.state_dict().items()}
        pictures = model.pictures(batch)
        assert torch.equal(torch.get_rng_state(), state)
        assert same(model.state_dict(), buffers)
        assert model.network.training
        assert [tuple(p.shape) for p in pictures.values()] == [(3, 3, 16, 16)] + [(3, 1, 16, 16)] * 3


def test_it_validates_in_the_middle_of_a_mission_and_draws_panels(tmp_path: Path) -> None:
    """Where Lightning's own loop does not run: at a ground contact."""
    model = module(**CGAN, recurrent=True)
    seen: list[dict[str, float]] = []

    class Contact(pl.Callback):
        def on_train_batch_end(self, running: pl.Trainer, translation: Any, *_arguments: Any) -> None:
            seen.append(evaluate(running, translation, loader(count=6)))

    pictures = Pictures(str(tmp_path / "pictures"))
    fit = trainer(tmp_path, max_steps=4, callbacks=[Contact(), pictures], val_check_interval=2)
    fit.fit(model, loader(count=8, length=2), loader(count=6))
    assert {"val/loss", "val/psnr", "val/ssim"} <= set(seen[0])
    assert (tmp_path / "pictures" / "step_0000004.png").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scheduler_interval": "batch"}, "scheduler_interval: found 'batch', expected one of step, epoch"),
        ({"ema_decay": 1.0}, "ema_decay: found 1.0"),
        ({"adversarial_weight": -1.0}, "adversarial_weight: found -1.0"),
        ({"adversarial_weight": 1.0, "optimizer_discriminator": None}, "optimizer_discriminator: found null"),
        ({"in_channels": 1, "residual": True}, "residual: found a source of 1 bands for a target of 2"),
        ({"network": "vnet"}, "did you mean 'unet'"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        module(**options)


@pytest.mark.parametrize(
    ("name", "generator", "discriminator", "turns", "weights"),
    [
        ("translation", 1_080_757, None, (1, 0), (1.0, 0.0, 0.0)),
        ("translation_published", 155_224_337, 2_772_673, (1, 2), (100.0, 0.0, 1.0)),
        ("translation_fusion", 54_548_749, 6_846_337, (1, 2), (0.1, 100.0, 1.0)),
    ],
)
def test_the_catalogue_has_the_published_models(
    name: str, generator: int, discriminator: int | None, turns: tuple[int, int], weights: tuple[float, ...]
) -> None:
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("train", [f"model={name}", "model.in_channels=6", "model.out_channels=3"]).model
    with torch.device("meta"):
        model = instantiate(config)
    assert sum(p.numel() for p in model.network.parameters()) == generator
    judge = model.discriminator
    assert (judge and sum(p.numel() for p in judge.parameters())) == discriminator
    assert (model.alternation.generator_batches, model.alternation.discriminator_batches) == turns
    assert (model.loss.weight, model.loss.ssim_weight, model.adversarial_weight) == weights
    if discriminator:
        (group,) = model.optimizer([torch.nn.Parameter(torch.zeros(1))]).param_groups
        assert group["betas"] == (0.5, 0.999)
        assert model.scheduler_interval == "epoch"
        assert model.scheduler.keywords == {"gamma": 0.99}
    assert model.predict_task == "translate"

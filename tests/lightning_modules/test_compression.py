"""Training, testing and checkpoints of learned compression, through the real Trainer."""

import functools
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau
from torch.utils.data import DataLoader, Dataset

from errors import UserError
from lightning_modules.compression import Compression
from lightning_modules.optimization import warmup_cosine
from networks.bitstream import decode, encode
from tests.fakes.resumed import RandomState, same


class Waves(Dataset):
    """Smooth images of any size; the last quarter of the rows of every second one is not valid (NaN)."""

    def __init__(self, channels: int = 3, side: int = 64, count: int = 64) -> None:
        self.channels, self.side, self.count = channels, side, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(index)
        ramp = torch.linspace(0, 6, self.side)
        rates = torch.rand(self.channels, 2, 1, 1, generator=generator)
        image = 0.5 + 0.7 * torch.sin(3 * rates[:, 0] * ramp[:, None] + 3 * rates[:, 1] * ramp)
        valid = torch.ones(1, self.side, self.side, dtype=torch.bool)
        if index % 2:
            image[:, -self.side // 4 :] = float("nan")
            valid[:, -self.side // 4 :] = False
        return {"image": image, "valid": valid, "id": f"wave_{index}"}


def loader(batch_size: int = 2, **options: Any) -> DataLoader:
    return DataLoader(Waves(**options), batch_size=batch_size, generator=torch.Generator().manual_seed(0))


def module(**options: Any) -> Compression:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "network": "bmshj2018-hyperprior",
        "quality": 1,
        "network_options": {"N": 8, "M": 12},
        "optimizer": functools.partial(torch.optim.Adam, lr=1e-3),
        "optimizer_aux": functools.partial(torch.optim.Adam, lr=1e-2),
    }
    return Compression(**(defaults | options))


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
        "limit_val_batches": 2,
    }
    return pl.Trainer(**(defaults | options))


class Recorder(pl.Callback):
    """Counts training batches."""

    def __init__(self) -> None:
        self.batches = 0

    def on_train_batch_end(self, *_arguments: Any) -> None:
        self.batches += 1


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_max_steps_counts_batches_and_both_optimizers_step(tmp_path: Path, precision: str) -> None:
    recorder, codec = Recorder(), module()
    before = {name: parameter.clone() for name, parameter in codec.network.named_parameters()}
    fit = trainer(tmp_path, max_steps=5, callbacks=[recorder], precision=precision)
    fit.fit(codec, loader())
    assert fit.global_step == recorder.batches == 5
    changed = {
        name
        for name, parameter in codec.network.named_parameters()
        if not torch.equal(parameter, before[name])
    }
    assert "entropy_bottleneck.quantiles" in changed
    assert {"g_a.0.weight", "g_s.6.weight", "entropy_bottleneck.matrices.0"} <= changed
    steps = {int(state["step"]) for optimizer in fit.optimizers for state in optimizer.state.values()}
    assert steps == {5}
    for name in ("loss", "bits_per_pixel", "bits_per_pixel_per_band", "mse", "aux_loss", "learning_rate"):
        assert torch.isfinite(torch.as_tensor(fit.logged_metrics[f"train/{name}"]))


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    codec = module(network="bmshj2018-factorized", lmbda=0.1)
    fit = trainer(tmp_path, max_steps=60)
    (before,) = fit.validate(codec, loader(), verbose=False)
    fit.fit(codec, loader())
    (after,) = fit.validate(codec, loader(), verbose=False)
    assert after["val/loss"] < 0.6 * before["val/loss"]
    assert after["val/loss"] == pytest.approx(
        0.1 * 255**2 * after["val/mse"] + after["val/bits_per_pixel"], rel=1e-4
    )


@pytest.mark.parametrize(
    ("scheduler", "interval"),
    [
        (warmup_cosine, "step"),
        (functools.partial(OneCycleLR, max_lr=2e-3), "step"),
        (functools.partial(ReduceLROnPlateau, patience=0, threshold=10.0), "validation"),
        (None, "step"),
    ],
)
def test_a_run_that_was_interrupted_ends_bit_for_bit_like_one_that_was_not(
    tmp_path: Path, scheduler: Any, interval: str
) -> None:
    def fit(stop: int, path: Path | None = None) -> pl.Trainer:
        # the schedule of both runs spans 8 batches; the first part of the second stops after 4
        codec = module(scheduler=scheduler, scheduler_interval=interval)

        class Stop(pl.Callback):
            def on_train_batch_end(self, running: pl.Trainer, *_arguments: Any) -> None:
                running.should_stop = running.global_step >= stop

        run = trainer(
            tmp_path, max_steps=8, callbacks=[RandomState(), Stop()], val_check_interval=2, min_steps=0
        )
        run.fit(codec, loader(count=8), loader(count=8), ckpt_path=path, weights_only=True)
        return run

    through = fit(8)
    interrupted = fit(4)
    assert interrupted.global_step == 4
    interrupted.save_checkpoint(tmp_path / "half.ckpt")
    resumed = fit(8, tmp_path / "half.ckpt")
    assert resumed.global_step == through.global_step == 8
    assert same(resumed.lightning_module.state_dict(), through.lightning_module.state_dict())
    for first, second in zip(resumed.optimizers, through.optimizers, strict=True):
        assert same(first.state_dict(), second.state_dict())
    for first, second in zip(resumed.lr_scheduler_configs, through.lr_scheduler_configs, strict=True):
        assert first.scheduler.state_dict() == second.scheduler.state_dict()
    if interval == "validation":
        assert through.optimizers[0].param_groups[0]["lr"] < 1e-3


def test_checkpoints_hold_tables_beside_weights_and_load_into_a_fresh_module(tmp_path: Path) -> None:
    codec = module()
    fit = trainer(tmp_path, max_steps=3)
    fit.fit(codec, loader())
    fit.test(codec, loader(count=2), verbose=False)  # leaves buffers filled
    fit.save_checkpoint(tmp_path / "a.ckpt")
    checkpoint = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert not any(key.endswith(("_quantized_cdf", "scale_table")) for key in checkpoint["state_dict"])
    image = loader().dataset[0]["image"][None]
    streams = []
    for _ in range(2):
        fresh = module()
        fresh.on_load_checkpoint(checkpoint)
        fresh.load_state_dict(checkpoint["state_dict"])
        fresh.prepare_coding()
        assert same(fresh._coder_tables, checkpoint["coder_tables"])
        streams.append(fresh.eval()._code(image))
    codec.prepare_coding()
    streams.append(codec.eval()._code(image))
    assert torch.equal(streams[0]["reconstruction"], streams[2]["reconstruction"])
    assert streams[0]["payload_bytes"] == streams[1]["payload_bytes"] == streams[2]["payload_bytes"]


def test_a_checkpoint_with_tables_among_its_weights_loads_too() -> None:
    codec = module()
    codec.prepare_coding()
    fresh = module()
    fresh.on_load_checkpoint({})
    fresh.load_state_dict(codec.state_dict())
    fresh.prepare_coding()
    assert same(fresh._coder_tables, codec._coder_tables)


def test_tables_are_rebuilt_when_weights_have_changed_since() -> None:
    codec = module()
    codec.prepare_coding()
    before = codec._coder_tables
    codec.prepare_coding()
    assert codec._coder_tables is before
    with torch.no_grad():
        codec.network.entropy_bottleneck.biases[0] += 0.5
    codec.prepare_coding()
    assert not same(codec._coder_tables, before)


def test_testing_leaves_the_quantiles_of_training_alone(tmp_path: Path) -> None:
    codec = module()
    fit = trainer(tmp_path, max_steps=2)
    fit.fit(codec, loader())
    before = codec.network.entropy_bottleneck.quantiles.clone()
    fit.test(codec, loader(count=2), verbose=False)
    assert torch.equal(codec.network.entropy_bottleneck.quantiles, before)


@pytest.mark.parametrize("channels", [1, 13])
def test_test_step_counts_real_bytes_of_each_image(channels: int) -> None:
    codec = module(in_channels=channels).eval()
    codec.prepare_coding()
    batch = next(iter(loader(3, channels=channels, side=100)))
    with torch.no_grad():
        result = codec.test_step(batch, 0)
    assert result["reconstruction"].shape == (3, channels, 100, 100)
    assert torch.isfinite(result["reconstruction"]).all()
    for name in ("payload_bytes", "header_bytes", "estimated_bits", "encode_seconds", "decode_seconds"):
        assert len(result[name]) == 3
    assert all(0 < header < 10 for header in result["header_bytes"])
    for index, image in enumerate(torch.nan_to_num(batch["image"]).split(1)):
        strings = encode(codec.network, image)
        assert result["payload_bytes"][index] == sum(map(len, strings))
        assert torch.equal(
            result["reconstruction"][index : index + 1], decode(codec.network, strings, 100, 100)
        )


def test_the_declared_clamp_applies_to_decoded_images_only() -> None:
    free, clamped = module().eval(), module(clamp=[0.0, 0.25]).eval()
    batch = next(iter(loader()))
    outcomes = []
    for codec in (free, clamped):
        with torch.no_grad():
            codec.network.g_s[-1].bias += 0.5
        codec.prepare_coding()
        with torch.no_grad():
            outcomes.append(codec.test_step(batch, 0)["reconstruction"])
    assert outcomes[0].max() > 0.25
    assert torch.equal(outcomes[1], outcomes[0].clamp(0.0, 0.25))
    assert torch.equal(free(batch["image"][:1])[0], clamped(batch["image"][:1])[0])


@pytest.mark.parametrize(("channels", "shown"), [(1, 1), (2, 1), (3, 3), (13, 3)])
def test_pictures_are_images_and_draw_no_random_numbers(channels: int, shown: int) -> None:
    codec = module(in_channels=channels).train()
    state = torch.get_rng_state()
    pictures = codec.pictures(next(iter(loader(channels=channels))))
    assert torch.equal(torch.get_rng_state(), state)
    assert codec.network.training
    assert list(pictures) == ["original", "reconstruction", "error"]
    assert [picture.shape[1] for picture in pictures.values()] == [shown, shown, 1]
    for picture in pictures.values():
        assert picture.shape[2:] == (64, 64)
        assert picture.min() >= 0
        assert picture.max() <= 1


def test_an_unknown_interval_is_refused() -> None:
    with pytest.raises(UserError, match="scheduler_interval: found 'epoch', expected step or validation"):
        module(scheduler_interval="epoch")

"""Training, testing and checkpoints of CycleGAN, through the real Trainer."""

import copy
import functools
import inspect
import warnings
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import yaml
from torch.utils.data import DataLoader, Dataset

from errors import UserError
from lightning_modules.cyclegan import CycleGAN
from lightning_modules.learning_rate_decay import linear_decay
from networks.patchgan import PatchGAN
from networks.translation import build_generator, normalised
from tests.fakes.resumed import RandomState, same


class Waves(Dataset):
    """Smooth images; domain B is a fixed mix of the bands of A (of the same image where paired)."""

    def __init__(self, bands: tuple[int, int] = (2, 3), side: int = 24, paired: bool = False) -> None:
        self.bands, self.side, self.paired = bands, side, paired
        self.mix = torch.rand(bands[1], bands[0], generator=torch.Generator().manual_seed(1))

    def __len__(self) -> int:
        return 64

    def a(self, index: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(index)
        ramp = torch.linspace(0, 6, self.side)
        rates = torch.rand(self.bands[0], 2, 1, 1, generator=generator)
        return 0.5 + 0.7 * torch.sin(3 * rates[:, 0] * ramp[:, None] + 3 * rates[:, 1] * ramp)

    def b(self, index: int) -> torch.Tensor:
        return torch.einsum("db,bhw->dhw", self.mix, self.a(index))

    def __getitem__(self, index: int) -> dict[str, Any]:
        valid = torch.ones(1, self.side, self.side, dtype=torch.bool)
        if self.paired:
            valid[:, -3:] = index % 2 == 0
            target = torch.where(valid, self.b(index), torch.nan)
            return {"source": self.a(index), "target": target, "valid": valid, "id": str(index)}
        other = (7 * index + 5) % 64
        gaps = valid.clone()
        gaps[:, :2] = index % 3 > 0
        a = torch.where(gaps, self.a(index), torch.nan)
        return {"domain_a": a, "domain_b": self.b(other), "valid_a": gaps, "valid_b": valid, "id": str(index)}


def loader(batch_size: int = 2, **options: Any) -> DataLoader:
    return DataLoader(Waves(**options), batch_size=batch_size, generator=torch.Generator().manual_seed(0))


def module(**options: Any) -> CycleGAN:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "network": "resnet",
        "in_channels": 2,
        "out_channels": 3,
        "network_options": {"base_width": 4, "blocks": 1, "output": "linear"},
        "discriminator_options": {"filters": [4, 8, 1], "strides": [2, 1, 1], "normalisation": "instance"},
        "optimizer": functools.partial(torch.optim.Adam, lr=2e-3, betas=(0.5, 0.999)),
        "optimizer_discriminator": functools.partial(torch.optim.Adam, lr=2e-3, betas=(0.5, 0.999)),
        "identity_weight": 0.0,
        "pool_size": 3,
    }
    return CycleGAN(**(defaults | options))


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


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_every_batch_is_one_global_step_and_a_step_of_each_optimizer(tmp_path: Path, precision: str) -> None:
    model = module()
    before = copy.deepcopy(model.state_dict())
    fit = trainer(tmp_path, max_steps=5, precision=precision)
    fit.fit(model, loader())
    assert fit.global_step == 5
    assert {int(state["step"]) for own in fit.optimizers for state in own.state.values()} == {5}
    assert all(
        not torch.equal(before[name], value) for name, value in model.state_dict().items() if "weight" in name
    )
    assert all(value.dtype == torch.float32 for value in model.state_dict().values())
    assert all(parameter.requires_grad for parameter in model.parameters())
    for name in ("loss", "adversarial", "cycle", "discriminator_loss", "learning_rate"):
        assert torch.isfinite(torch.as_tensor(fit.logged_metrics[f"train/{name}"]))
    assert not {"train/identity", "train/supervision"} & set(fit.logged_metrics)


def test_the_steps_are_those_of_the_published_algorithm(tmp_path: Path) -> None:
    """Against the algorithm written down again: generators first, then discriminators on the same images."""
    model = module(in_channels=3, identity_weight=0.5, pool_size=0)
    other = copy.deepcopy(model)
    batch = next(iter(loader(bands=(3, 3))))
    fit = trainer(tmp_path, max_steps=1)
    fit.fit(model, DataLoader([batch], batch_size=None))

    valid_a, valid_b = batch["valid_a"], batch["valid_b"]
    a, b = torch.where(valid_a, batch["domain_a"], 0), torch.where(valid_b, batch["domain_b"], 0)
    both = valid_a & valid_b
    forth, back, judges = other.network, other.back_network, other.discriminators.networks

    def far(image: torch.Tensor, wanted: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        difference = (normalised(image) - normalised(wanted)).abs()
        return difference.masked_select(valid.expand_as(difference)).mean()

    def judged(direction: str, image: torch.Tensor) -> torch.Tensor:
        return judges[direction](normalised(image * both))

    in_b, in_a = forth(a), back(b)
    loss = ((judged("ab", in_b) - 1) ** 2).mean() + ((judged("ba", in_a) - 1) ** 2).mean()
    loss = loss + 10 * (far(back(in_b), a, valid_a) + far(forth(in_a), b, valid_b))
    loss = loss + 5 * (far(forth(b), b, valid_b) + far(back(a), a, valid_a))
    generators = other.optimizer([*forth.parameters(), *back.parameters()])
    discriminators = other.optimizer_discriminator(list(judges.parameters()))
    loss.backward()
    generators.step()
    discriminators.zero_grad()
    parts = [
        ((judged(direction, real) - 1) ** 2).mean() / 2 + (judged(direction, made.detach()) ** 2).mean() / 2
        for direction, real, made in (("ab", b, in_b), ("ba", a, in_a))
    ]
    sum(parts).backward()
    discriminators.step()

    assert float(fit.logged_metrics["train/loss"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(fit.logged_metrics["train/discriminator_loss"]) == pytest.approx(float(sum(parts)), rel=1e-5)
    for (name, found), wanted in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-3, msg=name)


# A generator for which mixing bands is easy, so that a few steps are enough.
QUICK: dict[str, Any] = {"network": "unet", "network_options": {"base_width": 4, "depth": 2}}


def test_a_few_steps_lower_the_cycle_loss_without_pairs(tmp_path: Path) -> None:
    model = module(**QUICK)
    fit = trainer(tmp_path, max_steps=40)
    (before,) = fit.validate(model, loader(), verbose=False)
    fit.fit(model, loader())
    (after,) = fit.validate(model, loader(), verbose=False)
    assert set(after) == {"val/loss", "val/cycle"}
    assert after["val/cycle"] < 0.7 * before["val/cycle"]
    assert after["val/loss"] == pytest.approx(10 * after["val/cycle"])


def test_supervision_brings_the_prediction_to_the_truth(tmp_path: Path) -> None:
    model = module(
        supervision_weight=100.0, distance="smooth_l1", adversarial_loss="bce", conditional=True, **QUICK
    )
    fit = trainer(tmp_path, max_steps=30)
    (before,) = fit.validate(model, loader(paired=True), verbose=False)
    fit.fit(model, loader(paired=True))
    (after,) = fit.validate(model, loader(paired=True), verbose=False)
    assert set(after) == {"val/loss", "val/reconstruction", "val/mse", "val/psnr", "val/ssim"}
    assert after["val/psnr"] > before["val/psnr"] + 5
    assert torch.isfinite(torch.as_tensor(list(fit.logged_metrics.values()))).all()


def test_validation_figures_count_valid_pixels_only(tmp_path: Path) -> None:
    model = module(supervision_weight=1.0).eval()
    (found,) = trainer(tmp_path).validate(model, loader(paired=True), verbose=False)
    batches = list(loader(paired=True))[:2]
    with torch.no_grad():
        squared = torch.cat(
            [
                (model(batch["source"]) - batch["target"])
                .square()
                .masked_select(batch["valid"].expand(-1, 3, -1, -1))
                for batch in batches
            ]
        )
    assert found["val/mse"] == pytest.approx(float(squared.mean()), rel=1e-5)
    assert found["val/psnr"] == pytest.approx(float(-10 * squared.mean().log10()), rel=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"scheduler": linear_decay},
        {
            "ema_decay": 0.9,
            "gradient_clip_norm": 1.0,
            "network": "unet",
            "network_options": {"base_width": 4, "depth": 2},
        },
        {"conditional": True, "discriminator_options": {"filters": [4, 8, 1], "strides": [2, 1, 1]}},
    ],
    ids=["decay", "average", "conditional"],
)
def test_a_run_that_was_interrupted_ends_bit_for_bit_like_one_that_was_not(
    tmp_path: Path, options: Any
) -> None:
    paired = options.get("conditional", False)

    def fit(stop: int, path: Path | None = None) -> pl.Trainer:
        class Stop(pl.Callback):
            def on_train_batch_end(self, running: pl.Trainer, *_arguments: Any) -> None:
                running.should_stop = running.global_step >= stop

        run = trainer(tmp_path, max_steps=10, callbacks=[RandomState(), Stop()], min_steps=0)
        torch.manual_seed(99)
        run.fit(module(**options), loader(paired=paired), ckpt_path=path, weights_only=True)
        return run

    through, interrupted = fit(10), fit(5)
    interrupted.save_checkpoint(tmp_path / "half.ckpt")
    resumed = fit(10, tmp_path / "half.ckpt")
    assert resumed.global_step == through.global_step == 10
    one, two = resumed.lightning_module, through.lightning_module
    assert same(one.state_dict(), two.state_dict())
    assert same(one.discriminators.pools_state(), two.discriminators.pools_state())
    assert len(two.discriminators.pools["ab"].images) == 3
    for first, second in zip(resumed.optimizers, through.optimizers, strict=True):
        assert same(first.state_dict(), second.state_dict())
    for first, second in zip(resumed.lr_scheduler_configs, through.lr_scheduler_configs, strict=True):
        assert first.scheduler.state_dict() == second.scheduler.state_dict()
    if "scheduler" in options:
        assert through.optimizers[1].param_groups[0]["lr"] < 2e-3


def test_pools_are_in_the_checkpoint_and_not_among_the_weights(tmp_path: Path) -> None:
    model = module()
    fit = trainer(tmp_path, max_steps=2)
    fit.fit(model, loader())
    fit.save_checkpoint(tmp_path / "a.ckpt")
    checkpoint = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert not any("pool" in name for name in checkpoint["state_dict"])
    assert len(checkpoint["image_pools"]["ba"]["images"]) == 3
    fresh = module()
    fresh.on_load_checkpoint(checkpoint)
    fresh.load_state_dict(checkpoint["state_dict"])
    assert same(fresh.discriminators.pools_state(), checkpoint["image_pools"])
    fresh.on_load_checkpoint({})  # of a program that kept none


def test_generators_do_not_train_discriminators(tmp_path: Path) -> None:
    model = module(optimizer_discriminator=functools.partial(torch.optim.SGD, lr=0.0))
    before = copy.deepcopy(model.discriminators.state_dict())
    trainer(tmp_path, max_steps=3).fit(model, loader())
    assert same(before, model.discriminators.state_dict())


def test_the_gradient_of_both_optimizers_is_clipped(tmp_path: Path) -> None:
    """Plain gradient descent moves by at most rate x norm."""
    descend = functools.partial(torch.optim.SGD, lr=1.0)
    model = module(optimizer=descend, optimizer_discriminator=descend, gradient_clip_norm=1e-3)
    before = copy.deepcopy(model)
    trainer(tmp_path, max_steps=1).fit(model, loader())
    for part, old in ((model.discriminators, before.discriminators), (model.network, before.network)):
        pairs = zip(part.parameters(), old.parameters(), strict=True)
        moved = torch.stack([(new - was).detach().square().sum() for new, was in pairs]).sum().sqrt()
        assert 0 < float(moved) <= 1.01e-3


@pytest.mark.parametrize("size", [(24, 24), (17, 30)])
def test_a_prediction_has_the_size_of_its_source_and_is_not_clamped(size: tuple[int, int]) -> None:
    model = module().eval()
    with torch.no_grad():
        model.network.generator.model[-1].bias += 3.0
        result = model.test_step({"source": torch.rand(2, 2, *size)}, 0)
    assert result["prediction"].shape == (2, 3, *size)
    assert result["prediction"].dtype == torch.float32
    assert float(result["prediction"].min()) > 1


def test_an_average_of_the_weights_predicts_and_the_weights_train(tmp_path: Path) -> None:
    model = module(ema_decay=0.9)
    trainer(tmp_path, max_steps=3).fit(model, loader())
    assert model.trained_network is not model.network
    pairs = list(zip(model.network.parameters(), model.trained_network.parameters(), strict=True))
    assert not any(torch.equal(mean, weight) for mean, weight in pairs if weight.dim() > 1)
    assert not any(mean.requires_grad for mean, _ in pairs)
    source = torch.rand(1, 2, 24, 24)
    assert torch.equal(model(source), model.network(source))


def test_identity_is_measured_where_bands_agree_and_switched_off_with_a_warning_where_not(
    tmp_path: Path,
) -> None:
    with pytest.warns(UserWarning, match="model.identity_weight: 0.5 is not used.* 2 bands .* 3"):
        model = module(identity_weight=0.5)
    assert model.losses.weights["identity"] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = module(in_channels=3, identity_weight=0.5)
    assert model.losses.weights["identity"] == 5.0
    (found,) = trainer(tmp_path).validate(model, loader(bands=(3, 3)), verbose=False)
    assert found["val/loss"] == pytest.approx(10 * found["val/cycle"] + 5 * found["val/identity"])


@pytest.mark.parametrize("options", [{"supervision_weight": 100.0}, {"conditional": True}])
def test_supervision_and_conditions_need_pairs(tmp_path: Path, options: Any) -> None:
    with pytest.raises(UserError, match=r"data.unpaired: found batches of unpaired images, expected pairs"):
        trainer(tmp_path, max_steps=1).fit(module(**options), loader())


def test_pairs_may_be_trained_on_as_if_they_were_none(tmp_path: Path) -> None:
    fit = trainer(tmp_path, max_steps=1)
    fit.fit(module(), loader(paired=True))
    assert "train/supervision" not in fit.logged_metrics
    assert torch.isfinite(fit.logged_metrics["train/cycle"])


@pytest.mark.parametrize("paired", [True, False])
def test_pictures_are_images(paired: bool) -> None:
    model = module().train()
    pictures = model.pictures(next(iter(loader(paired=paired))))
    last = ["target"] if paired else ["reconstruction"]
    assert list(pictures) == ["source", "prediction", *last, "error"]
    assert model.training
    for name, picture in pictures.items():
        assert picture.shape[2:] == (24, 24)
        assert picture.shape[1] == (3 if name in ("prediction", "target") else 1)
        assert 0 <= float(picture.min()) <= float(picture.max()) <= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"adversarial_loss": "hinge"}, "model.adversarial_loss: found 'hinge'"),
        ({"distance": "l3"}, "model.distance: found 'l3', expected one of"),
        ({"cycle_weight": -1.0}, "model.cycle_weight: found -1.0, expected 0 or more"),
        ({"supervision_weight": -1.0}, "model.supervision_weight: found -1.0"),
        ({"pool_size": -1}, "model.pool_size: found -1, expected 0 or more"),
        ({"ema_decay": 1.0}, "model.ema_decay: found 1.0"),
        ({"network": "resent"}, "did you mean 'resnet'"),
    ],
)
def test_bad_values_are_refused(options: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        module(**options)


@pytest.mark.parametrize("name", ["cyclegan", "cyclegan_published"])
def test_the_catalogue_gives_every_argument_and_its_networks_can_be_built(
    repository: Path, name: str
) -> None:
    config = yaml.safe_load((repository / "conf" / "model" / f"{name}.yaml").read_text())
    assert set(config) - {"_target_"} == set(inspect.signature(CycleGAN).parameters)
    with torch.device("meta"):
        forth, back = (
            build_generator(config["network"], *bands, config["network_options"])
            for bands in ((3, 5), (5, 3))
        )
        PatchGAN(8, **config["discriminator_options"])
    counts = [sum(parameter.numel() for parameter in network.parameters()) for network in (forth, back)]
    if name == "cyclegan_published":
        assert counts == [51_402_643, 51_403_537]

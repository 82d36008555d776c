import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from datamodules.base import ImageDataModule, collate_images, limited
from errors import UserError
from products.specification import ImageSpecification


class Noise(torch.utils.data.Dataset):
    def __init__(self, size, seed, satellite, random):
        self.size, self.seed, self.satellite, self.random = size, seed, satellite, random

    def __len__(self):
        return self.size

    def __getitem__(self, item):
        index, draw = item if self.random else (item, 0)
        generator = np.random.default_rng([self.seed, self.satellite, draw])
        image = generator.random((2, 4, 4), dtype=np.float32) + index
        return {"image": image, "valid": np.ones((1, 4, 4), bool), "id": f"noise_{index}"}


class NoiseDataModule(ImageDataModule):
    made = 0

    def make_sets(self):
        self.made += 1
        self.train_set = Noise(10, self.seed, self.satellite, random=True)
        self.val_set = Noise(5, self.seed, self.satellite, random=False)
        self.test_set = Noise(7, self.seed, self.satellite, random=False)
        self.specification = ImageSpecification(("a", "b"), "uint8", (0, 255))


class Recorder(pl.LightningModule):
    """Trains one number and keeps the pixels it saw."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen = []

    def training_step(self, batch, batch_idx):
        self.seen.append((batch["id"], batch["image"].clone()))
        return (self.weight - batch["image"].mean()) ** 2

    def validation_step(self, batch, batch_idx):
        self.log("val/mean", batch["image"].mean(), batch_size=len(batch["id"]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(folder, max_steps, ckpt_path=None, **arguments):
    module, data = Recorder(), NoiseDataModule(batch_size=3, seed=4, **arguments)
    trainer = pl.Trainer(
        max_steps=max_steps, max_epochs=-1, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(module, data, ckpt_path=ckpt_path, weights_only=None if ckpt_path is None else True)
    trainer.save_checkpoint(folder / "last.ckpt")
    return module


@pytest.mark.parametrize("stop", [2, 3, 4])
def test_a_resumed_fit_sees_the_same_data(tmp_path, stop):
    whole = fit(tmp_path, 8)
    first = fit(tmp_path, stop)
    second = fit(tmp_path, 8, ckpt_path=tmp_path / "last.ckpt")
    together = first.seen + second.seen
    assert [ids for ids, _ in together] == [ids for ids, _ in whole.seen]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(together, whole.seen, strict=True))
    assert second.weight.item() == whole.weight.item()


def test_workers_change_nothing():
    batches = []
    for num_workers in (0, 2):
        data = NoiseDataModule(batch_size=3, seed=4, num_workers=num_workers)
        data.setup()
        batches.append(list(data.train_dataloader()))
    for alone, helped in zip(*batches, strict=True):
        assert alone["id"] == helped["id"]
        assert torch.equal(alone["image"], helped["image"])


def test_loaders_leave_the_global_generator_alone():
    data = NoiseDataModule(batch_size=2)
    data.setup()
    before = torch.get_rng_state()
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        assert list(loader)
    assert torch.equal(before, torch.get_rng_state())


def test_batches_are_named_tensors_and_ids_are_lists():
    data = NoiseDataModule(batch_size=4)
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert batch["image"].shape == (4, 2, 4, 4)
    assert batch["image"].dtype == torch.float32
    assert batch["valid"].shape == (4, 1, 4, 4)
    assert batch["valid"].dtype == torch.bool
    assert isinstance(batch["id"], list)
    assert len(batch["id"]) == 4


def test_setup_makes_the_sets_once():
    data = NoiseDataModule()
    with pytest.raises(RuntimeError, match="setup"):
        _ = data.specification
    data.setup("fit")
    data.setup("test")
    assert data.made == 1
    assert data.specification.num_bands == 2


def test_limits_spread_over_the_set():
    data = NoiseDataModule(batch_size=8, test_limit=3, val_limit=2)
    data.setup()
    assert next(iter(data.test_dataloader()))["id"] == ["noise_0", "noise_2", "noise_4"]
    assert next(iter(data.val_dataloader()))["id"] == ["noise_0", "noise_2"]
    assert len(limited(data.test_set, None)) == 7
    assert len(limited(data.test_set, 100)) == 7


def test_satellites_see_other_data():
    def first_image(satellite):
        data = NoiseDataModule(batch_size=10, seed=1)
        data.satellite = satellite
        data.setup()
        return next(iter(data.train_dataloader()))["image"]

    assert torch.equal(first_image(0), first_image(0))
    assert not torch.equal(first_image(0), first_image(1))


def test_empty_sets():
    data = NoiseDataModule()
    data.setup()
    data.train_set = data.val_set = data.test_set = None
    assert data.val_dataloader() == []
    with pytest.raises(UserError, match="no training images"):
        data.train_dataloader()
    with pytest.raises(UserError, match="no test images"):
        data.test_dataloader()


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": 0}, {"test_limit": 0}, {"num_workers": -1}, {"val_fraction": 1.0},
        {"val_fraction": -0.1}, {"test_fraction": 1.5},
    ],
)  # fmt: skip
def test_impossible_arguments_are_named(arguments):
    (name,) = arguments
    with pytest.raises(UserError, match=f"data.{name}"):
        NoiseDataModule(**arguments)


def test_accumulated_gradients_are_refused(tmp_path):
    trainer = pl.Trainer(
        max_steps=2, accelerator="cpu", logger=False, enable_checkpointing=False, accumulate_grad_batches=2,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    with pytest.raises(UserError, match="accumulate_grad_batches is 2"):
        trainer.fit(Recorder(), NoiseDataModule())


def test_collate_keeps_numbers():
    batch = collate_images([{"scale": 1.5, "id": "a"}, {"scale": 2.5, "id": "b"}])
    assert batch["scale"].tolist() == [1.5, 2.5]
    assert batch["id"] == ["a", "b"]


def test_the_number_of_bands_is_what_a_model_may_leave_to_the_data():
    data = NoiseDataModule()
    data.setup()
    assert data.channels == {"in_channels": 2}
    assert data.example_input() is None


def test_mappings_within_samples_are_stacked_key_by_key():
    samples = [{"inputs": {10: np.full((2, 4, 4), value), 20: np.zeros((1, 4, 4))}} for value in (1.0, 2.0)]
    batch = collate_images(samples)
    assert list(batch["inputs"]) == [10, 20]
    assert batch["inputs"][10].shape == (2, 2, 4, 4)
    assert batch["inputs"][10][:, 0, 0, 0].tolist() == [1, 2]

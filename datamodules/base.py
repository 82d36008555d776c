"""The DataModule that every image dataset builds on."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from datamodules.sampling import StreamBatchSampler
from datamodules.shards import dealt
from errors import UserError
from products.specification import ImageSpecification

# Added to the seed of the run so that each loader has a stream of its own.
LOADER_STREAMS = {"train": 0, "val": 1, "test": 2, "predict": 3}


def collate_images(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Stack samples into a batch of named things.

    Strings become a list; arrays, tensors and numbers are stacked along a new first axis. `image`
    (C, H, W) float32 -> (B, C, H, W), `valid` (1, H, W) bool -> (B, 1, H, W), `id` -> list of B str. A mapping
    stays one: `inputs` {key: (C, H, W)} -> {key: (B, C, H, W)}, keys in the order of the first sample.
    """
    batch: dict[str, Any] = {}
    for key, first in samples[0].items():
        values = [sample[key] for sample in samples]
        if isinstance(first, str):
            batch[key] = values
        elif isinstance(first, Mapping):
            batch[key] = collate_images(values)
        else:
            batch[key] = torch.stack([torch.as_tensor(v) for v in values])
    return batch


class ImageDataModule(pl.LightningDataModule):
    """Loaders, seeds and limits shared by all image datasets.

    A subclass implements `make_sets()`, which `setup()` calls once, whatever the stage. It assigns

    * `self.train_set`: a map-style dataset indexed by `(index, draw)`; `draw` is the number of the sample
      in the endless training stream, and `numpy.random.default_rng([self.seed, self.satellite, draw])`
      is the generator of everything random about it (crop, augmentation);
    * `self.val_set`, `self.test_set`: map-style datasets indexed by `index`, without any randomness;
    * `self.specification`: what the pixels mean.

    An empty set is None. A sample is a dict: `image` (C, H, W) float32 normalised by the specification,
    `valid` (1, H, W) bool, `id` str (`file` or `file#row,column,height,width`), and whatever else the
    family needs. Read files lazily, in `__getitem__`.

    The order of training samples is a function of `(seed, satellite, batch number)`, and the batch number
    is `trainer.global_step` (0 without a trainer): a resumed run sees the data it would have seen.
    No loader draws from torch's global generator.

    Args:
        batch_size: training samples in a batch.
        test_batch_size: validation and test samples in a batch; None = `batch_size`.
        num_workers: loader processes; 0 reads in the main process.
        pin_memory: page-locked batches, faster to copy to a GPU.
        seed: seed of splits, order, crops and augmentation.
        val_fraction: part of the training side that is kept for validation, in [0, 1).
        test_fraction: part of the data that is kept for testing where it comes unsplit, in [0, 1].
        test_limit: at most that many test samples, spread evenly over the test set; None = all.
        val_limit: the same for validation samples.

    Attributes:
        satellite: number of the satellite that trains on this data, from 0.
        num_satellites: how many satellites share it.
        data_shard: how it is dealt to them (`shards.KINDS`): after `make_sets()`, `train_set` is the satellite's
            part; validation and test sets are everybody's. All three are set before `setup()`. A training set
            that knows classes or places has the method `labels` of `shards.Labelled`.
    """

    def __init__(
        self,
        *,
        batch_size: int = 8,
        num_workers: int = 0,
        seed: int = 0,
        pin_memory: bool = False,
        val_fraction: float = 0.1,
        test_fraction: float = 0.1,
        test_limit: int | None = None,
        val_limit: int | None = None,
        test_batch_size: int | None = None,
    ) -> None:
        super().__init__()
        counts = {"batch_size": batch_size, "test_batch_size": test_batch_size}
        counts |= {"test_limit": test_limit, "val_limit": val_limit}
        for name, value in counts.items():
            if value is not None and value < 1:
                raise UserError(f"data.{name} is {value}: expected at least 1")
        if num_workers < 0:
            raise UserError(f"data.num_workers is {num_workers}: expected 0 or more")
        if not 0 <= val_fraction < 1:
            raise UserError(f"data.val_fraction is {val_fraction}: expected a number from 0 to below 1")
        if not 0 <= test_fraction <= 1:
            raise UserError(f"data.test_fraction is {test_fraction}: expected a number from 0 to 1")
        self.batch_size = batch_size
        self.test_batch_size = test_batch_size or batch_size
        self.num_workers = num_workers
        self.seed = seed
        self.pin_memory = pin_memory
        self.val_fraction = val_fraction
        self.test_fraction = test_fraction
        self.test_limit = test_limit
        self.val_limit = val_limit
        self.satellite = 0
        self.num_satellites = 1
        self.data_shard = "none"
        self.train_set: Dataset | None = None
        self.val_set: Dataset | None = None
        self.test_set: Dataset | None = None
        self._specification: ImageSpecification | None = None

    @abstractmethod
    def make_sets(self) -> None:
        """Assign `train_set`, `val_set`, `test_set` (None where empty) and `specification`."""

    def setup(self, stage: str | None = None) -> None:
        """Make the sets on the first call; `stage` is ignored, because the split is one for all stages.

        Raises:
            UserError: bad data, or data that cannot be dealt to the satellites.
        """
        if self._specification is None:
            self.make_sets()
            if self.train_set is not None:
                self.train_set = dealt(
                    self.train_set, self.data_shard, self.satellite, self.num_satellites, self.seed
                )

    @property
    def specification(self) -> ImageSpecification:
        """What the pixels mean; available after `setup()`."""
        if self._specification is None:
            raise RuntimeError("call setup() before asking a DataModule for its specification")
        return self._specification

    @specification.setter
    def specification(self, specification: ImageSpecification) -> None:
        self._specification = specification

    @property
    def channels(self) -> Mapping[str, int | list[int]]:
        """Numbers of bands that a model may leave to the data, by the name of its key; after `setup()`."""
        return {"in_channels": self.specification.num_bands}

    def example_input(self) -> Path | None:
        """The product that `predict.py` takes where it is given none; None: a file of the first test image."""
        return None

    def batches_seen(self) -> int:
        """Training batches behind us: where the training stream goes on."""
        return 0 if self.trainer is None else int(self.trainer.global_step)

    def train_dataloader(self) -> DataLoader:
        """Random samples from the endless stream.

        Raises:
            UserError: there is nothing to train on, or gradients are accumulated over batches, when
                `global_step` no longer counts batches.
        """
        if self.train_set is None:
            raise UserError("the data have no training images: everything is in the validation or test set")
        if self.trainer is not None and self.trainer.accumulate_grad_batches != 1:
            raise UserError(
                f"trainer.accumulate_grad_batches is {self.trainer.accumulate_grad_batches}: expected 1, "
                "because the order of the data follows the number of steps (raise data.batch_size instead)"
            )
        sampler = StreamBatchSampler(
            num_samples=len(self.train_set),  # type: ignore[arg-type]
            batch_size=self.batch_size,
            seed=self.seed,
            satellite=self.satellite,
            first_batch=self.batches_seen,
            replica=0 if self.trainer is None else self.trainer.global_rank,
            num_replicas=1 if self.trainer is None else self.trainer.world_size,
        )
        return self._loader("train", self.train_set, batch_sampler=sampler)

    def val_dataloader(self) -> DataLoader | list:
        """The validation samples in order; no loader where there are none."""
        if self.val_set is None:
            return []
        return self._loader("val", limited(self.val_set, self.val_limit))

    def test_dataloader(self) -> DataLoader:
        """The test samples in order, at most `test_limit`.

        Raises:
            UserError: there is nothing to test on.
        """
        if self.test_set is None:
            raise UserError("the data have no test images: give data.test_fraction above 0 or a test folder")
        return self._loader("test", limited(self.test_set, self.test_limit))

    def _loader(self, name: str, dataset: Dataset, batch_sampler: Sampler | None = None) -> DataLoader:
        # Without a generator of its own, every new iterator draws a seed from torch's global generator,
        # and a run that was resumed would train with other random numbers than one that was not.
        generator = torch.Generator().manual_seed(loader_seed(self.seed, self.satellite, name))
        batches: dict[str, Any] = {"batch_size": self.test_batch_size, "shuffle": False}
        if batch_sampler is not None:
            batches = {"batch_sampler": batch_sampler}
        return DataLoader(
            dataset,
            **batches,
            num_workers=self.num_workers,
            collate_fn=collate_images,
            pin_memory=self.pin_memory,
            generator=generator,
            persistent_workers=False,
        )


def limited(dataset: Dataset, limit: int | None) -> Dataset:
    """At most `limit` samples of a dataset, spread evenly over it and in its order."""
    size = len(dataset)  # type: ignore[arg-type]
    if limit is None or limit >= size:
        return dataset
    return Subset(dataset, [int(index) for index in np.arange(limit) * size // limit])


def loader_seed(seed: int, satellite: int, name: str) -> int:
    """A 63-bit seed for the loader `name`, different for every seed and satellite."""
    state = np.random.SeedSequence([seed, satellite, LOADER_STREAMS[name]]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))

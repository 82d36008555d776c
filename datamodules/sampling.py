"""The order of training samples as a pure function of (seed, satellite, batch number)."""

from collections.abc import Callable, Iterator

import numpy as np
from torch.utils.data import Sampler


class StreamBatchSampler(Sampler[list[tuple[int, int]]]):
    """Batches cut from an endless stream of seeded permutations.

    Permutation k of the dataset is a function of `(seed, satellite, k)`; the stream is their
    concatenation, and batch b is its items `[b * batch_size, (b + 1) * batch_size)`. So a run resumed at
    batch b sees exactly what an uninterrupted one sees, without replaying anything, and every sample is
    drawn once in each `num_samples` consecutive items even when the batch size does not divide them.

    Yields lists of `(index, draw)`: the sample, and its number in the stream, from which the dataset seeds
    the random crop and the augmentation (`numpy.random.default_rng([seed, satellite, draw])`). Hence any
    number of loader workers gives the same data.

    `__iter__` starts at batch `first_batch()` and yields `len(self)` batches; the Trainer ends an epoch earlier
    where it was resumed in the middle of one or `limit_train_batches` says so.

    Args:
        num_samples: size of the dataset.
        batch_size: samples in a batch (on each replica).
        seed: seed of the run.
        satellite: number of the satellite; each has its own order.
        first_batch: called when an iteration begins; returns the number of batches trained so far.
        replica, num_replicas: in data-parallel training, batch b of replica r is batch
            `b * num_replicas + r` of the stream.

    Raises:
        ValueError: no samples, or a batch size below one.
    """

    def __init__(
        self,
        num_samples: int,
        batch_size: int,
        seed: int,
        satellite: int = 0,
        first_batch: Callable[[], int] = lambda: 0,
        *,
        replica: int = 0,
        num_replicas: int = 1,
    ) -> None:
        if num_samples < 1 or batch_size < 1:
            raise ValueError(f"{num_samples} samples in batches of {batch_size}: both must be at least 1")
        if not 0 <= replica < num_replicas:
            raise ValueError(f"replica {replica} of {num_replicas}")
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.seed = seed
        self.satellite = satellite
        self.first_batch = first_batch
        self.replica = replica
        self.num_replicas = num_replicas
        self._permutation: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return max(1, self.num_samples // (self.batch_size * self.num_replicas))

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        # Asked here and not in the generator: workers may prefetch long after the iteration was begun.
        first = self.first_batch()
        return self._batches(first, first + len(self))

    def batch(self, number: int) -> list[tuple[int, int]]:
        """The `(index, draw)` pairs of batch `number` (on this replica), counted from the run's beginning."""
        first_draw = (number * self.num_replicas + self.replica) * self.batch_size
        return [(self._index(draw), draw) for draw in range(first_draw, first_draw + self.batch_size)]

    def _batches(self, begin: int, end: int) -> Iterator[list[tuple[int, int]]]:
        for number in range(begin, end):
            yield self.batch(number)

    def _index(self, draw: int) -> int:
        number, position = divmod(draw, self.num_samples)
        if self._permutation is None or self._permutation[0] != number:
            # The trailing marker keeps these draws apart from the datasets' default_rng([seed, satellite, draw]).
            generator = np.random.default_rng([self.seed, self.satellite, number, 1])
            self._permutation = (number, generator.permutation(self.num_samples))
        return int(self._permutation[1][position])

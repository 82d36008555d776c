"""Two sets of training windows as one, in a fixed proportion."""

from typing import Any

from torch.utils.data import Dataset

from datamodules.segmentation_sets import TrainingWindows


class MixedWindows(Dataset):
    """Windows of two sets, indexed by `(index, draw)`; an epoch shows each at least once, however small a set is.

    Args:
        first, second: the sets.
        share: part of the windows that come from the second, more than 0 and less than 1.
    """

    def __init__(self, first: TrainingWindows, second: TrainingWindows, share: float) -> None:
        self.first, self.second = first, second
        least = max(len(first) / (1 - share), len(second) / share)
        self.of_second = max(len(second), round(least * share))
        self.of_first = max(len(first), round(least * (1 - share)))

    def __len__(self) -> int:
        return self.of_first + self.of_second

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        index, draw = item
        if index < self.of_first:
            return self.first[index % len(self.first), draw]
        return self.second[(index - self.of_first) % len(self.second), draw]

    def labels(self, kind: str) -> list[str] | None:
        """Of each sample its place, area or class, see `shards.Labelled`; places of the two sets differ."""
        names = []
        for prefix, own, count in (("", self.first, self.of_first), ("second ", self.second, self.of_second)):
            known = own.labels(kind)
            if known is None:
                return None
            names += [
                f"{'' if kind == 'class' else prefix}{known[number % len(known)]}" for number in range(count)
            ]
        return names

"""Small scenes whose classes can be told from their bands, as a datamodule without files gives them."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset

from datamodules.sampling import StreamBatchSampler

BANDS = ["B3", "B8", "altitude"]
SPECTRA = torch.tensor(
    [[6000.0, 6500.0], [1200.0, 3200.0], [7000.0, 900.0], [600.0, 300.0]]
)  # by class, B3 and B8


class Scenes(Dataset):
    """Squares of the four classes under noise; every fifth sample has a strip without data, every third without labels."""

    def __init__(self, count: int = 64, side: int = 32) -> None:
        self.count, self.side = count, side

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int | tuple[int, int]) -> dict[str, Any]:
        index = place if isinstance(place, int) else place[0]
        generator = torch.Generator().manual_seed(index)
        coarse = torch.randint(0, 4, (self.side // 8, self.side // 8), generator=generator)
        mask = coarse.repeat_interleave(8, 0).repeat_interleave(8, 1)
        bands = SPECTRA[mask].movedim(-1, 0) + 150 * torch.randn(2, self.side, self.side, generator=generator)
        image = torch.cat([bands, torch.full((1, self.side, self.side), 1500.0)])
        valid = torch.ones(1, self.side, self.side, dtype=torch.bool)
        if index % 5 == 0:
            image[:, :3], valid[:, :3] = 0, False
        if index % 3 == 0:
            mask[:, :2] = 255
        return {"image": image, "mask": mask, "valid": valid, "id": str(index), "scene": "fake"}


class Data(pl.LightningDataModule):
    """What a segmentation module asks of its data."""

    def __init__(self, count: int = 64, batch_size: int = 4, counts: list[int] | None = None) -> None:
        super().__init__()
        self.scenes, self.batch_size, self.counts = Scenes(count), batch_size, counts or [100, 400, 100, 25]
        self.asked: list[str] = []

    def band_statistics(self) -> dict[str, list[float]]:
        self.asked.append("bands")
        return {"mean": [3700.0, 2700.0, 1500.0], "std": [2900.0, 2500.0, 0.0]}

    def class_counts(self) -> list[int]:
        self.asked.append("classes")
        return self.counts

    def train_dataloader(self) -> DataLoader:
        stream = StreamBatchSampler(
            len(self.scenes), self.batch_size, seed=0, first_batch=lambda: self.trainer.global_step
        )
        return DataLoader(self.scenes, batch_sampler=stream)

    def val_dataloader(self) -> DataLoader:
        return loader(8)

    def test_dataloader(self) -> DataLoader:
        return loader(8)


def loader(count: int, batch_size: int = 4) -> DataLoader:
    return DataLoader(Scenes(count), batch_size=batch_size, generator=torch.Generator().manual_seed(0))

"""A pool of windows and a network whose doubts about them are known."""

from types import SimpleNamespace

import numpy as np
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from datamodules.segmentation_reading import AnnotatedScenes
from datamodules.segmentation_sets import FixedWindows
from datamodules.segmentation_windows import Area, Placed
from networks.segmenter import Segmenter
from products.window import Window
from tests.fakes.annotated_scenes import CLOUDS, ArrayMask, ArrayScene, grid

SIDE = 16


def scenes() -> AnnotatedScenes:
    """One scene of 32 x 48: band B1 is 0 at the left, where the network is undecided, and 100 at the right, where it is
    sure; B2 is 1; the lower half of the last column of windows has no data."""
    pixels = np.ones((2, 2 * SIDE, 3 * SIDE), np.float32)
    pixels[0] = np.repeat([1.0, 50.0, 100.0], SIDE)
    valid = np.ones(pixels.shape[1:], bool)
    valid[SIDE:, 2 * SIDE :] = False
    mask = np.zeros(pixels.shape[1:], np.uint8)
    return AnnotatedScenes([ArrayScene("A", pixels, grid(*mask.shape), valid=valid)], [ArrayMask(mask)])


def windows(read: AnnotatedScenes, numbers: range | list[int] = range(6)) -> FixedWindows:
    """Of the six windows of the scene, row by row, some."""
    every = [Window(row, column, SIDE, SIDE) for row in (0, SIDE) for column in (0, SIDE, 2 * SIDE)]
    area = Area(0, Window(0, 0, 2 * SIDE, 3 * SIDE))
    return FixedWindows(read, [area], [Placed(0, every[number]) for number in numbers], size=(SIDE, SIDE))


class SmallData(pl.LightningDataModule):
    """What active learning asks of a datamodule."""

    def __init__(self, pool=range(6), labelled=()):
        super().__init__()
        read = scenes()
        self.pool_set = windows(read, pool) if len(pool) else None
        if labelled:
            self.labelled_set = windows(read, list(labelled))
        self.plan = SimpleNamespace(scenes=read.scenes)
        self.channels = {"bands": ["B1", "B2"]}
        self.classes = CLOUDS

    def test_dataloader(self):
        return DataLoader(windows(scenes(), [0]), batch_size=1)


class SmallModule(pl.LightningModule):
    """The first class has the logit B1 / 10, the others 0; dropout of pixels or none."""

    def __init__(self, dropout=0.0):
        super().__init__()
        last = nn.Conv2d(2, 4, 1, bias=False)
        with torch.no_grad():
            last.weight.zero_()
            last.weight[0, 0] = 0.1
        self.network = Segmenter(
            nn.Sequential(nn.Dropout(dropout), last), bands=("B1", "B2"), classes=CLOUDS.names,
            normalisation=nn.Identity(),
        )  # fmt: skip

    def test_step(self, batch, index):
        return {"prediction": self.network(batch["image"], batch["valid"]).argmax(1)}

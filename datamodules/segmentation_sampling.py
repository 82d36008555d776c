"""Which training windows are drawn, how often, and where: evenly over the ground, or so that rare classes come often."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from datamodules.segmentation_classes import ClassCells
from datamodules.segmentation_windows import Area, random_window, window_around
from products.window import Window

ANY = -1  # instead of a class: the whole area


class Entry(NamedTuple):
    """One training window of an epoch: the area that it comes from and the class that it is meant to show."""

    area: int
    label: int


class WindowSampling:
    """The windows of an epoch, each drawn anew every time.

    Args:
        areas: of the training.
        patch_size: side of a window, pixels.
        cells: of each area, how its classes are spread, where that is known.
        by_class: every class that occurs gets the same number of windows, from where it is; else windows are drawn
            evenly over the areas.
        per_scene: windows of each scene in an epoch; None: as many as fit its areas.
        least: the epoch is repeated until it has so many.
    """

    def __init__(
        self,
        areas: Sequence[Area],
        patch_size: int,
        *,
        cells: Sequence[ClassCells] | None = None,
        by_class: bool = False,
        per_scene: int | None = None,
        least: int = 1,
    ) -> None:
        self.areas, self.patch_size, self.cells = list(areas), patch_size, cells
        times = _times(self.areas, patch_size, per_scene)
        if cells is None or not by_class:
            area, label = np.repeat(np.arange(len(areas)), times), np.full(times.sum(), ANY)
        else:
            area, label = _by_class(times, np.stack([each.counts for each in cells]))
        repeats = -(-least // len(area))
        self.area = np.tile(area, repeats).astype(np.int32)
        self.label = np.tile(label, repeats).astype(np.int16)

    def __len__(self) -> int:
        return len(self.area)

    def __getitem__(self, index: int) -> Entry:
        return Entry(int(self.area[index]), int(self.label[index]))

    def draw(self, entry: Entry, generator: np.random.Generator) -> Window:
        """A window of the entry's area that shows its class."""
        area = self.areas[entry.area].window
        if entry.label == ANY or self.cells is None:
            return random_window(area, self.patch_size, generator)
        cell = self.cells[entry.area].draw(entry.label, generator)
        return window_around(cell, area, self.patch_size, generator)


def _times(areas: Sequence[Area], patch_size: int, per_scene: int | None) -> np.ndarray:
    """Windows of each area in an epoch."""
    pixels = np.array([area.window.height * area.window.width for area in areas], np.float64)
    if per_scene is None:
        return np.maximum(1, pixels // patch_size**2).astype(np.int64)
    scene = np.unique([area.scene for area in areas], return_inverse=True)[1]
    share = pixels / np.bincount(scene, pixels)[scene]
    return np.maximum(1, np.rint(per_scene * share)).astype(np.int64)


def _by_class(times: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas and classes: every class as often, its windows shared by areas as its pixels are."""
    present = np.flatnonzero(counts.sum(0))
    if not len(present):
        return np.repeat(np.arange(len(times)), times), np.full(times.sum(), ANY)
    each = max(1, int(times.sum()) // len(present))
    areas = [np.repeat(np.arange(len(times)), _allotted(counts[:, label], each)) for label in present]
    return np.concatenate(areas), np.repeat(present, [len(own) for own in areas])


def _allotted(counts: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in proportion to counts that add up to a total (largest remainders)."""
    exact = counts / counts.sum() * total
    whole = np.floor(exact).astype(np.int64)
    missing = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole

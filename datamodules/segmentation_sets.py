"""Datasets of windows of scenes with masks: random ones for training, a grid of them for evaluation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from datamodules.segmentation_augmentation import Augmentation
from datamodules.segmentation_reading import AnnotatedScenes, Edit, Patch
from datamodules.segmentation_sampling import Entry, WindowSampling
from datamodules.segmentation_windows import Area, Placed
from products.class_table import IGNORE
from products.window import Window

DRAWS = 10  # of positions, until one has enough pixels with a class


class TrainingWindows(Dataset):
    """Windows at random positions, indexed by `(index, draw)`.

    Position and augmentation come from `numpy.random.default_rng([seed, satellite, draw])`. Of a few positions the
    first is taken where enough pixels have a class and data, or else the best.

    Args:
        scenes: what is read.
        sampling: the windows of an epoch.
        augmentation: of each window.
        min_valid_fraction: of the pixels of a window that should have a class.
        seed, satellite: see above.
        edits: of each scene, pieces of its mask that were drawn anew.
        places: of each scene, the number of its place.
    """

    def __init__(
        self,
        scenes: AnnotatedScenes,
        sampling: WindowSampling,
        *,
        augmentation: Augmentation,
        min_valid_fraction: float,
        seed: int,
        satellite: int = 0,
        edits: Sequence[Sequence[Edit]] = (),
        places: Sequence[int] = (),
    ) -> None:
        self.scenes, self.sampling = scenes, sampling
        self.augmentation, self.min_valid_fraction = augmentation, min_valid_fraction
        self.seed, self.satellite = seed, satellite
        self.edits, self.places = list(edits), list(places)

    def __len__(self) -> int:
        return len(self.sampling)

    def labels(self, kind: str) -> list[str] | None:
        """Of each sample its place, its area, or its commonest class; see `shards.Labelled`."""
        if kind == "class":
            return self._classes()
        if kind not in ("place", "unit"):
            return None
        names = []
        for area in self.sampling.areas:
            # Areas of one place on the same ground are one unit: satellites that share ground share pixels.
            place = self.places[area.scene] if self.places else area.scene
            names.append(f"{place}//{area.window.row:06d},{area.window.column:06d}")
        return [names[number] for number in self.sampling.area]

    def _classes(self) -> list[str] | None:
        if self.sampling.cells is None:
            return None
        commonest = [str(int(np.argmax(cells.counts))) for cells in self.sampling.cells]
        return [commonest[number] for number in self.sampling.area]

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        index, draw = item
        entry = self.sampling[index]
        area = self.sampling.areas[entry.area]
        generator = np.random.default_rng([self.seed, self.satellite, draw])
        edits = self.edits[area.scene] if self.edits else ()
        window, patch = self._window(entry, area, edits, generator)
        size = self.sampling.patch_size
        patch = self.augmentation(generator, padded(patch, size, size))
        return sample(patch, window, self.scenes.scenes[area.scene].name)

    def _window(
        self, entry: Entry, area: Area, edits: Sequence[Edit], generator: np.random.Generator
    ) -> tuple[Window, Patch]:
        """The first position with enough of a class, or the best of those that were tried."""
        found: tuple[float, Window, Patch] | None = None
        unread: tuple[float, Window] | None = None
        for _ in range(DRAWS):
            window = self.sampling.draw(entry, generator)
            # Masks are small and images large: what the mask alone refuses is not read.
            known = _fraction(self.scenes.mask(area, window, edits), window)
            if known < self.min_valid_fraction:
                unread = max(unread or (known, window), (known, window), key=lambda each: each[0])
            else:
                patch = self.scenes.read(area, window, edits)
                fraction = _fraction(patch.mask, window)
                if found is None or fraction > found[0]:
                    found = fraction, window, patch
                if fraction >= self.min_valid_fraction:
                    break
            if window == area.window:  # there is no other
                break
        if found is not None:
            return found[1:]
        assert unread is not None
        return unread[1], self.scenes.read(area, unread[1], edits)


class FixedWindows(Dataset):
    """Windows that are listed, indexed by number: the same every time.

    Args:
        scenes: what is read.
        areas: what the set may read.
        windows: in these areas; smaller ones are padded at the bottom and at the right.
        size: height and width of the samples.
        edits: of each scene, pieces of its mask that were drawn anew.
    """

    def __init__(
        self,
        scenes: AnnotatedScenes,
        areas: Sequence[Area],
        windows: Sequence[Placed],
        *,
        size: tuple[int, int],
        edits: Sequence[Sequence[Edit]] = (),
    ) -> None:
        self.scenes, self.areas, self.windows = scenes, list(areas), windows
        self.size, self.edits = size, list(edits)

    def __len__(self) -> int:
        return len(self.windows)

    def id(self, index: int) -> str:
        """Of a window, without reading it."""
        placed = self.windows[index]
        return f"{self.scenes.scenes[self.areas[placed.area].scene].name}#{placed.window}"

    def __getitem__(self, index: int) -> dict[str, Any]:
        placed = self.windows[index]
        area = self.areas[placed.area]
        edits = self.edits[area.scene] if self.edits else ()
        patch = self.scenes.read(area, placed.window, edits)
        return sample(padded(patch, *self.size), placed.window, self.scenes.scenes[area.scene].name)


def padded(patch: Patch, height: int, width: int) -> Patch:
    """A patch with rows below and columns at the right that are no data, up to a size."""
    below, right = height - patch.mask.shape[0], width - patch.mask.shape[1]
    if not below and not right:
        return patch
    around = ((0, below), (0, right))
    return Patch(
        np.pad(patch.image, ((0, 0), *around)),
        np.pad(patch.valid, around),
        np.pad(patch.mask, around, constant_values=IGNORE),
    )


def sample(patch: Patch, window: Window, scene: str) -> dict[str, Any]:
    """One sample.

    Returns:
        `image` (C, H, W) float32 harmonised digital numbers, 0 where there are no data; `mask` (H, W) int64 class
        indices, 255 where nothing is known or there are no data; `valid` (1, H, W) bool; `id`
        (`scene#row,column,height,width`, what was read, without padding); `scene`.
    """
    return {
        "image": np.ascontiguousarray(patch.image),
        "mask": np.ascontiguousarray(patch.mask).astype(np.int64),
        "valid": np.ascontiguousarray(patch.valid)[None],
        "id": f"{scene}#{window}",
        "scene": scene,
    }


def _fraction(mask: np.ndarray, window: Window) -> float:
    return float((mask != IGNORE).sum()) / (window.height * window.width)

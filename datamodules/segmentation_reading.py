"""Windows of scenes with their masks, read lazily; of small areas the decoded pixels are kept."""

import os
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from datamodules.segmentation_windows import Area
from products.class_table import IGNORE
from products.mask import Mask
from products.scene import Scene
from products.window import Window

STRIP = 256  # rows that are decoded at once


class Patch(NamedTuple):
    """What lies in a window.

    Attributes:
        image: (C, h, w) float32 harmonised digital numbers, 0 where there are no data.
        valid: (h, w) bool: where there are data.
        mask: (h, w) uint8 class indices; 255 where nothing is known or there are no data.
    """

    image: np.ndarray
    valid: np.ndarray
    mask: np.ndarray


class Edit(NamedTuple):
    """A piece of a mask that somebody has drawn anew: where, and class indices (h, w) uint8."""

    window: Window
    mask: np.ndarray


class AnnotatedScenes:
    """Scenes and their masks. Reads nothing outside of the areas that it is asked for.

    Files and decoded pixels belong to the process: neither is pickled or shared with a loader worker.

    Args:
        scenes: opened lazily.
        masks: of each scene.
        open_scenes: at most so many have open files.
        kept: areas whose decoded pixels are kept once they have been read, all of them; others are read by windows.
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        masks: Sequence[Mask],
        *,
        open_scenes: int = 8,
        kept: Collection[Area] = (),
    ) -> None:
        self.scenes, self.masks = list(scenes), list(masks)
        self.open_scenes, self.kept = open_scenes, frozenset(kept)
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._open: OrderedDict[int, None] = OrderedDict()
        self._decoded: dict[Area, Patch] = {}

    def read(self, area: Area, window: Window, edits: Sequence[Edit] = ()) -> Patch:
        """A window inside an area; of edits that overlap the later one holds.

        Raises:
            UserError: a file is damaged there.
        """
        whole = self._whole(area)
        if whole is not None:
            here = window.inside(area.window)
            image, valid, mask = whole.image[:, *here], whole.valid[here], whole.mask[here]
        else:
            self._touch(area.scene)
            image, valid = self.scenes[area.scene].read(window)
            mask = self.masks[area.scene].read(window)
        return Patch(image, valid, np.where(valid, edited(mask, window, edits), np.uint8(IGNORE)))

    def mask(self, area: Area, window: Window, edits: Sequence[Edit] = ()) -> np.ndarray:
        """Class indices (h, w) uint8 of a window inside an area, whether or not there are data; reads no image.

        Raises:
            UserError: the file is damaged there.
        """
        self._check_process()
        whole = self._decoded.get(area)
        if whole is not None:
            return edited(whole.mask[window.inside(area.window)], window, edits)
        self._touch(area.scene)
        return edited(self.masks[area.scene].read(window), window, edits)

    def _whole(self, area: Area) -> Patch | None:
        """The decoded pixels of an area that is kept."""
        self._check_process()
        if area not in self.kept:
            return None
        if area not in self._decoded:
            self._touch(area.scene)
            scene, mask, (_, window) = self.scenes[area.scene], self.masks[area.scene], area
            image = np.empty((len(scene.bands), window.height, window.width), np.float32)
            valid = np.empty((window.height, window.width), bool)
            for row in range(0, window.height, STRIP):  # what decoding takes besides is bounded so
                strip = Window(window.row + row, window.column, min(STRIP, window.height - row), window.width)
                here = slice(row, row + strip.height)
                image[:, here], valid[here] = scene.read(strip)
            self._decoded[area] = Patch(image, valid, mask.read(window))
        return self._decoded[area]

    def _check_process(self) -> None:
        if self._process != os.getpid():  # handles do not survive a fork
            for number in self._open:
                self.scenes[number].close()
                self.masks[number].close()
            self._forget()

    def _touch(self, number: int) -> None:
        """Note that the files of a scene are used; those of others are closed where too many are open."""
        self._open[number] = None
        self._open.move_to_end(number)
        while len(self._open) > self.open_scenes:
            old = self._open.popitem(last=False)[0]
            self.scenes[old].close()
            self.masks[old].close()

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if not key.startswith("_")}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()


def fitting(areas: Sequence[Area], scenes: Sequence[Scene], capacity_bytes: int) -> frozenset[Area]:
    """All of some areas where their decoded pixels fit a cache, else none: where few fit, few windows would find theirs."""
    pixels = sum(
        area.window.height * area.window.width * (4 * len(scenes[area.scene].bands) + 2)
        for area in set(areas)
    )
    return frozenset(areas) if pixels <= capacity_bytes else frozenset()


def edited(mask: np.ndarray, window: Window, edits: Sequence[Edit]) -> np.ndarray:
    """The mask of a window with what was drawn anew in it; the mask itself is not changed."""
    changed = mask
    for edit in edits:
        common = Window(
            max(window.row, edit.window.row),
            max(window.column, edit.window.column),
            min(window.bottom, edit.window.bottom) - max(window.row, edit.window.row),
            min(window.right, edit.window.right) - max(window.column, edit.window.column),
        )
        if common.height > 0 and common.width > 0:
            changed = changed.copy() if changed is mask else changed
            changed[common.inside(window)] = edit.mask[common.inside(edit.window)]
    return changed

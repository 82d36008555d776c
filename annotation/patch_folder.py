"""Patches whose masks people mend, wherever they come from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from products.class_table import IGNORE, ClassTable
from products.grid import Grid
from products.window import Window

Start = Literal["known", "prediction", "nothing"]


@dataclass(frozen=True)
class Patch:
    """One patch.

    Attributes:
        name: short, of its files.
        id: of the window in its scene, or the name of the file.
        height, width: in pixels.
        window: where in the scene; None where it is a whole image.
        score: why it was chosen; None where it was not.
        acquisition: what the score is.
    """

    name: str
    id: str
    height: int
    width: int
    window: Window | None = None
    score: float | None = None
    acquisition: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.height, self.width


class FirstMask(NamedTuple):
    """The mask that a person begins with: (h, w) uint8 class indices, and where it comes from."""

    mask: np.ndarray
    source: str


class PatchFolder(ABC):
    """Patches with pictures and masks. Patches are asked for by their number, 0 for the first.

    Attributes:
        path: the folder.
        classes: of all masks.
        patches: in the order in which they are shown.
        output: folder of the mended masks.
    """

    path: Path
    classes: ClassTable
    patches: tuple[Patch, ...]
    output: Path

    @abstractmethod
    def grid(self, number: int) -> Grid | None:
        """Where a patch lies; None where nobody knows."""

    @abstractmethod
    def pictures(self, number: int) -> tuple[str, ...]:
        """Names of the pictures of a patch, at least one."""

    @abstractmethod
    def picture(self, number: int, name: str) -> np.ndarray:
        """One of them, (h, w, 3) uint8."""

    @abstractmethod
    def layers(self, number: int) -> tuple[str, ...]:
        """Which of `known`, `prediction` and `uncertainty` a patch has."""

    @abstractmethod
    def known(self, number: int) -> np.ndarray | None:
        """What was known before, (h, w) uint8 class indices, 255 where nothing was."""

    @abstractmethod
    def prediction(self, number: int) -> np.ndarray | None:
        """What a network says, (h, w) uint8 class indices."""

    @abstractmethod
    def uncertainty(self, number: int) -> np.ndarray | None:
        """How unsure it is, (h, w) float32, finite."""

    @abstractmethod
    def edited(self, number: int) -> np.ndarray | None:
        """The mended mask, (h, w) uint8 class indices."""

    @abstractmethod
    def edited_file(self, number: int) -> Path:
        """Where the mended mask is, or would be."""

    @abstractmethod
    def save(self, number: int, mask: np.ndarray, provenance: Mapping[str, Any]) -> None:
        """Keep a mended mask, wholly or not at all, and how it came about.

        Raises:
            UserError: another size, classes that the table does not know, or a disk that is full.
        """

    def is_edited(self, number: int) -> bool:
        """Whether there is a mended mask."""
        return self.edited_file(number).exists()

    def revision(self, number: int) -> str:
        """A text that changes whenever the mended mask does; "" while there is none."""
        try:
            return sha256(self.edited_file(number).read_bytes()).hexdigest()
        except FileNotFoundError:
            return ""

    def first_mask(self, number: int, start: Start) -> FirstMask:
        """The mended mask where there is one, else what `start` names, else what there is.

        Raises:
            UserError: a mask that cannot be read or does not fit.
        """
        edited = self.edited(number)
        if edited is not None:
            return FirstMask(edited, "edited")
        sources = {"known": self.known, "prediction": self.prediction}
        order = {"known": ("known", "prediction"), "prediction": ("prediction", "known"), "nothing": ()}[
            start
        ]
        for source in order:
            mask = sources[source](number)
            if mask is not None and (mask != IGNORE).any():
                return FirstMask(mask, source)
        return FirstMask(np.full(self.patches[number].shape, IGNORE, np.uint8), "nothing")

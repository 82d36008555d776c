"""What the numbers of a mask mean (`conf/classes/`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from errors import UserError

IGNORE = 255  # what masks of this project hold where nothing is known; losses and metrics leave it out
_SHOWN = 5  # numbers that a message names


class ClassTable:
    """Classes in the order of their indices, and how mask files write them.

    Args:
        name: of the table.
        classes: by name, in the order of the indices 0, 1, ...: `values`, the numbers that stand for the class in
            files, and `colour` [red, green, blue], 0 to 255.
        ignore: numbers that stand for no class; they become 255.

    Raises:
        UserError: no classes, too many, a number that stands for two of them, a colour that is none.
    """

    def __init__(
        self, *, name: str, classes: Mapping[str, Mapping[str, Any]], ignore: Sequence[int] = (IGNORE,)
    ) -> None:
        self.name = name
        if not 1 < len(classes) < IGNORE:
            raise UserError(f"classes of {name}: found {len(classes)}, expected 2 to {IGNORE - 1}")
        self.names = tuple(str(key) for key in classes)
        self.values = tuple(tuple(int(value) for value in facts["values"]) for facts in classes.values())
        self.colours = tuple(_colour(f"{name}.{key}", facts["colour"]) for key, facts in classes.items())
        self.ignore = tuple(int(value) for value in ignore)
        self._index: dict[int, int] = dict.fromkeys(self.ignore, IGNORE)
        for index, values in enumerate(self.values):
            for value in values:
                if value in self._index:
                    raise UserError(
                        f"classes of {name}: {value} stands for {self.names[index]} and for another class or nothing; "
                        "expected one meaning for each number"
                    )
                self._index[value] = index

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, stored: np.ndarray, source: str) -> np.ndarray:
        """Numbers of a mask file, any shape -> uint8 class indices, 255 where there is no class.

        Args:
            stored: integers, or floats that are whole numbers; NaN is no class.
            source: what messages call the mask.

        Raises:
            UserError: a number that the table does not know.
        """
        lookup = np.full(IGNORE + 1, -1, np.int16)
        for value, index in self._index.items():
            if 0 <= value <= IGNORE:
                lookup[value] = index
        if stored.dtype == np.uint8:
            encoded = lookup[stored]
        else:
            encoded = np.full(stored.shape, -1, np.int16)
            for value, index in self._index.items():
                encoded[stored == value] = index
            if stored.dtype.kind == "f":
                encoded[np.isnan(stored)] = IGNORE
        unknown = np.unique(stored[encoded < 0])
        if unknown.size:
            found = ", ".join(f"{value:g}" for value in unknown[:_SHOWN].tolist())
            more = f" and {unknown.size - _SHOWN} more" if unknown.size > _SHOWN else ""
            raise UserError(
                f"{source}: found {found}{more}, which classes={self.name} does not know; expected {self}"
            )
        return encoded.astype(np.uint8)

    def palette(self) -> dict[int, tuple[int, int, int, int]]:
        """Colours of the indices for a colour table, red, green, blue, alpha; 255 is transparent black."""
        return {**{index: (*rgb, 255) for index, rgb in enumerate(self.colours)}, IGNORE: (0, 0, 0, 0)}

    def __str__(self) -> str:
        parts = [
            f"{'/'.join(map(str, values))} {name}"
            for name, values in zip(self.names, self.values, strict=True)
        ]
        return ", ".join([*parts, f"{'/'.join(map(str, self.ignore))} ignored"] if self.ignore else parts)


def _colour(what: str, given: Sequence[int]) -> tuple[int, int, int]:
    if len(given) != 3 or not all(0 <= int(value) <= 255 for value in given):
        raise UserError(
            f"classes: the colour of {what}: found {list(given)}, expected [red, green, blue] from 0 to 255"
        )
    red, green, blue = (int(value) for value in given)
    return red, green, blue

"""What the numbers of a mask mean (`conf/classes/`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from errors import UserError

IGNORE = 255  # what masks of this project hold where nothing is known; losses and metrics leave it out
_SHOWN = 5  # numbers that a message names
# Colours of classes that have none of their own, well told apart (Okabe and Ito 2008).
_COLOURS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


class ClassTable:
    """Classes in the order of their indices, and how mask files write them.

    Args:
        name: of the table.
        classes: by name, in the order of the indices 0, 1, ...: `values`, the numbers that stand for the class in
            files, and `colour` [red, green, blue], 0 to 255; or just a number or a list of them.
        ignore: numbers that stand for no class; they become 255.

    Raises:
        UserError: no classes, too many, a number that stands for two of them, a colour that is none.
    """

    def __init__(self, *, name: str, classes: Mapping[str, Any], ignore: Sequence[int] = (IGNORE,)) -> None:
        self.name = name
        if not 1 < len(classes) < IGNORE:
            raise UserError(f"classes of {name}: found {len(classes)}, expected 2 to {IGNORE - 1}")
        self.names = tuple(str(key) for key in classes)
        facts = [_facts(f"{name}.{key}", given) for key, given in classes.items()]
        self.values = tuple(tuple(int(value) for value in each["values"]) for each in facts)
        self.colours = tuple(
            _colour(f"{name}.{key}", each.get("colour") or _COLOURS[index % len(_COLOURS)])
            for index, (key, each) in enumerate(zip(self.names, facts, strict=True))
        )
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


def _facts(what: str, given: Any) -> Mapping[str, Any]:
    """A class as {values, colour}, however short it was written."""
    if isinstance(given, Mapping) and "values" in given:
        return given
    values = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not all(isinstance(value, int) for value in values):
        raise UserError(
            f"classes: {what}: found {given!r}, expected a number, a list of numbers, or values and colour"
        )
    return {"values": values}


def _colour(what: str, given: Sequence[int]) -> tuple[int, int, int]:
    if len(given) != 3 or not all(0 <= int(value) <= 255 for value in given):
        raise UserError(
            f"classes: the colour of {what}: found {list(given)}, expected [red, green, blue] from 0 to 255"
        )
    red, green, blue = (int(value) for value in given)
    return red, green, blue

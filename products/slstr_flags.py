"""Flags of SLSTR products: bits by the names that the file itself gives them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from errors import UserError

_UNUSED = "spare"


@dataclass(frozen=True)
class SlstrFlags:
    """A flag variable.

    Attributes:
        label: file and variable, for messages.
        values: (h, w) unsigned integers.
        masks: bit mask of each named condition, in the file's order; unused bits ("spare") are left out.
        unknown: value of pixels about which nothing was decided (not populated); None: there is none.
    """

    label: str
    values: np.ndarray
    masks: Mapping[str, int]
    unknown: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the conditions."""
        return tuple(self.masks)

    @property
    def known(self) -> np.ndarray:
        """(h, w) bool: where the flags were populated."""
        known: np.ndarray = (
            np.ones(self.values.shape, bool) if self.unknown is None else self.values != self.unknown
        )
        return known

    def bits(self, names: str | Iterable[str]) -> np.ndarray:
        """(h, w) bool: where any of the named conditions holds; False where nothing is known.

        Raises:
            UserError: the file has no condition of that name.
        """
        wanted = [names] if isinstance(names, str) else list(names)
        mask = 0
        for name in wanted:
            if name not in self.masks:
                raise UserError(
                    f"{self.label}: found no flag '{name}', expected one of {', '.join(self.masks)}"
                )
            mask |= self.masks[name]
        hit: np.ndarray = (self.values & self.values.dtype.type(mask)) != 0
        return hit if self.unknown is None else hit & self.known


def flag_masks(
    attributes: Mapping[str, Any],
    fallback: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Bit masks by name from the attributes `flag_meanings` and `flag_masks` of a variable.

    Args:
        attributes: of the variable. Without `flag_masks` the meanings are those of the bits 0, 1, 2, ...
        fallback: meanings of the bits where the variable has none.
        aliases: other spelling -> name, e.g. `12_gross_cloud` -> `gross_cloud`.
    """
    meanings = attributes.get("flag_meanings")
    names = " ".join(map(str, np.ravel(meanings))).split() if meanings is not None else []
    found = attributes.get("flag_masks")
    masks = [int(mask) for mask in np.ravel(found)] if found is not None else []
    if not names:
        names, masks = list(fallback), []
    if len(masks) != len(names):
        masks = [1 << bit for bit in range(len(names))]
    named = zip(names, masks, strict=True)
    return {(aliases or {}).get(name, name): mask for name, mask in named if name != _UNUSED}

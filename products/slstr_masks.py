"""Flags of an SLSTR product, and the masks that are made of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from errors import UserError
from products.slstr_facts import SlstrFacts
from products.slstr_files import SlstrFiles
from products.slstr_flags import SlstrFlags, flag_masks
from products.slstr_grids import SlstrGrids

_INSTEAD = "generator.bits=summary takes the summary of the threshold tests instead"


class SlstrMasks:
    """Flags and masks of one product; what was read is kept until `close`.

    Args:
        files, grids: of the product.
        facts: of the instrument.
    """

    def __init__(self, files: SlstrFiles, grids: SlstrGrids, facts: SlstrFacts) -> None:
        self.files, self.grids, self.facts = files, grids, facts
        self._kept: dict[tuple[str, str], SlstrFlags] = {}

    def flags(self, name: str, grid: str) -> SlstrFlags:
        """A flag variable on a grid, e.g. "confidence", "cloud", "bayes", "pointing", "S1_exception".

        Raises:
            UserError: the file is missing or damaged, has no such variable, or is of another size than the grid.
        """
        if (name, grid) not in self._kept:
            self._kept[name, grid] = self._read(name, grid)
        return self._kept[name, grid]

    def cloud(self, bits: str | Sequence[str], grid: str) -> np.ndarray:
        """Where there is cloud, (rows, columns) bool; see `SlstrProduct.cloud_mask`.

        Raises:
            UserError: a flag is not known, a file is missing or damaged, or the flags were not populated.
        """
        wanted = self._wanted(bits, grid)
        mask = np.zeros(self.grids.grid(grid).shape, bool)
        for flags, names, source in wanted:
            if flags.unknown is not None and not flags.known.any():
                raise UserError(
                    f"{flags.label}: found it unpopulated (all pixels are {flags.unknown}), expected cloud flags; {_INSTEAD}"
                )
            mask |= self._laid_over(flags.bits(names), source, grid)
        return mask

    def known(self, bits: str | Sequence[str], grid: str) -> np.ndarray:
        """Where `cloud` says something, (rows, columns) bool: covered by the flags' grid, and populated.

        Raises:
            UserError: see `cloud`.
        """
        wanted = self._wanted(bits, grid)
        known = np.ones(self.grids.grid(grid).shape, bool)
        for flags, _, source in wanted:
            known &= self._laid_over(flags.known, source, grid)
        return known

    def confidence(self, names: Sequence[str], grid: str, *, otherwise: bool) -> np.ndarray:
        """Where any of the named conditions of `confidence` holds, (rows, columns) bool.

        Args:
            names: of the conditions.
            grid: of the result.
            otherwise: what stands where the flags' grid does not reach.

        Raises:
            UserError: see `flags`.
        """
        source = self._source("confidence", grid)
        return self._laid_over(self.flags("confidence", source).bits(names), source, grid, otherwise)

    def close(self) -> None:
        """Forget what was read."""
        self._kept.clear()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": {}}

    def _read(self, name: str, grid: str) -> SlstrFlags:
        file, variable = self._file(name, grid), f"{name}_{grid}"
        self.files.require(file, f"the flags '{variable}'")
        stored = self.files.read(file, variable)
        values, label = stored.values, f"{self.files.label(file)}: '{variable}'"
        if values.dtype.kind not in "iu" or values.ndim != 2:
            raise UserError(
                f"{label}: found {values.ndim} dimensions of {values.dtype}, expected an image of integers"
            )
        self.grids.check(file, values.shape, grid)
        facts = self.facts.flags.get(name, {})
        return SlstrFlags(
            label,
            values.astype(f"u{values.dtype.itemsize}", copy=False),
            flag_masks(stored.attributes, facts.get("meanings") or (), self.facts.flag_aliases),
            facts.get("unknown"),
        )

    def _file(self, name: str, grid: str) -> str:
        band, _, kind = name.partition("_")
        if kind == "exception" and band in self.facts.bands:
            return self.facts.bands[band].file(grid)
        return f"flags_{grid}.nc"

    def _source(self, name: str, grid: str) -> str:
        """The grid whose flags serve; see `_grid_with`."""
        found = self._grid_with(name, grid)
        if found is None:
            self.files.require(f"flags_{grid}.nc", f"the flags '{name}_{grid}'")
            raise UserError(f"{self.files.label(f'flags_{grid}.nc')}: found no '{name}_{grid}', expected it")
        return found

    def _grid_with(self, name: str, grid: str) -> str | None:
        """The first of the grid itself and the 1 km grid of its view on which the flags are there and populated; else
        the first on which they are there; None where they are on neither."""
        there = self._grids_with(name, grid)
        if len(there) > 1 and self.facts.flags.get(name, {}).get("unknown") is not None:
            return next((suffix for suffix in there if self.flags(name, suffix).known.any()), there[0])
        return there[0] if there else None

    def _grids_with(self, name: str, grid: str) -> list[str]:
        found = []
        for suffix in dict.fromkeys((grid, f"i{grid[-1]}")):
            file = f"flags_{suffix}.nc"
            if file not in self.files.names:
                continue
            variables = self.files.shapes(file)
            if not variables:
                raise UserError(f"{self.files.label(file)}: found no variables, expected '{name}_{suffix}'")
            if f"{name}_{suffix}" in variables:
                found.append(suffix)
        return found

    def _wanted(self, bits: str | Sequence[str], grid: str) -> list[tuple[SlstrFlags, Sequence[str], str]]:
        words = [bits] if isinstance(bits, str) else list(bits)
        if not words:
            raise UserError("bits: found none, expected summary, bayes or names of flags")
        return [self._resolved(word, grid) for word in words]

    def _resolved(self, word: str, grid: str) -> tuple[SlstrFlags, Sequence[str], str]:
        """Flags, the conditions of them that a word means, and the grid that they come from."""
        if preset := self.facts.cloud_masks.get(word):
            variable = str(preset["variable"])
            source = self._grid_with(variable, grid)
            if source is None and variable != "confidence":
                files = " and ".join(f"flags_{suffix}.nc" for suffix in dict.fromkeys((grid, f"i{grid[-1]}")))
                raise UserError(
                    f"{self.files.path}: found no '{variable}' in {files}, expected cloud flags; {_INSTEAD}"
                )
            source = source or self._source(variable, grid)
            flags = self.flags(variable, source)
            return flags, preset.get("bits") or flags.names, source
        seen: list[str] = []
        for variable in self.facts.flags:
            source = self._grid_with(variable, grid)
            if source is None:
                continue
            flags = self.flags(variable, source)
            if word in flags.masks:
                return flags, [word], source
            seen += flags.names
        if not seen:
            self.files.require(f"flags_{grid}.nc", f"the flag '{word}'")
        known = ", ".join([*self.facts.cloud_masks, *seen])
        raise UserError(
            f"bits: found '{word}', which no flags of {self.files.path} have; expected some of {known}"
        )

    def _laid_over(self, mask: np.ndarray, source: str, grid: str, outside: bool = False) -> np.ndarray:
        """A mask of one grid on another, by offsets and pixel sizes; never stretched."""
        if source == grid:
            return mask
        rows, columns, row_known, column_known = self.grids.grid(grid).cells_on(self.grids.grid(source))
        laid: np.ndarray = mask[rows[:, None], columns]
        laid[~row_known] = outside
        laid[:, ~column_known] = outside
        return laid

"""Sizes and offsets of a product's grids, from whichever of its files can be read first."""

from pathlib import Path

from errors import UserError
from products.slstr_facts import SlstrFacts
from products.slstr_files import SlstrFiles
from products.slstr_grid import SlstrGrid, read_grid

_OTHER_FILES = ("flags", "geodetic", "cartesian", "indices", "geometry", "met")


class SlstrGrids:
    """The grids of one product, looked up on first use.

    Args:
        files: of the product.
        facts: of the instrument.
    """

    def __init__(self, files: SlstrFiles, facts: SlstrFacts) -> None:
        self.files, self.facts = files, facts
        self._found: dict[str, tuple[SlstrGrid, str]] = {}

    def grid(self, suffix: str) -> SlstrGrid:
        """A grid.

        Raises:
            UserError: no file of the product is on it, or none can be read.
        """
        if suffix not in self._found:
            self._found[suffix] = self._find(suffix)
        return self._found[suffix][0]

    def check(self, file: str, shape: tuple[int, ...], suffix: str) -> None:
        """Refuse an image of another size than its grid.

        Raises:
            UserError: naming both files.
        """
        expected = self.grid(suffix)
        if tuple(shape) != expected.shape:
            raise UserError(
                f"{self.files.label(file)}: found {' x '.join(map(str, shape))} pixels, "
                f"expected {expected.rows} x {expected.columns} as {self._found[suffix][1]} has on the same grid"
            )

    def _find(self, suffix: str) -> tuple[SlstrGrid, str]:
        # What was measured comes first: flags of another size are the flags' fault.
        files = [band.file(suffix) for band in self.facts.bands.values()]
        files += [f"{name}_{suffix}.nc" for name in _OTHER_FILES]
        there = [file for file in files if file in self.files.names]
        if not there or suffix[0] not in self.facts.grids:
            raise UserError(
                f"{self.files.path}: found no file of the grid '{suffix}', expected flags_{suffix}.nc or another"
            )
        problems: list[UserError] = []
        for file in there:
            try:
                shape = self._image_shape(file, suffix)
                attributes = self.files.attributes(file)
            except UserError as error:  # another file may say
                problems.append(error)
                continue
            return read_grid(suffix, shape, attributes, self._default(suffix, shape)), Path(file).name
        raise problems[0]

    def _image_shape(self, file: str, suffix: str) -> tuple[int, int]:
        variables = self.files.shapes(file)
        for name, shape in variables.items():
            if name.endswith(f"_{suffix}") and "orphan" not in name and len(shape) >= 2 and min(shape) > 0:
                return shape[-2], shape[-1]
        found = "no variables" if not variables else "no image"
        raise UserError(f"{self.files.label(file)}: found {found}, expected an image of the grid '{suffix}'")

    def _default(self, suffix: str, shape: tuple[int, int]) -> SlstrGrid:
        facts = self.facts.grids[suffix[0]]
        across, along = facts["resolution"]
        track_offset = float(facts["track_offset"].get(suffix[-1], 0))
        return SlstrGrid(suffix, *shape, track_offset, 0.0, (float(across), float(along)))

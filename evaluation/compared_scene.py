"""A map of classes and the mask that it is held against, read together."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from errors import UserError
from products.class_raster import CLASSES_TAG
from products.class_table import ClassTable
from products.grid_mapping import described, georeferenced, same_place
from products.mask import Mask
from products.mask_reader import MaskReader
from products.npz_member import is_npz
from products.placed_mask import PlacedMask
from products.raster import open_dataset
from products.scene_names import stem_of
from products.scene_pairing import Pair
from products.window import Window

HOW_WRITTEN = ("auto", "indices", "values")


@dataclass
class ComparedScene:
    """A map of classes and its mask on one grid.

    Attributes:
        name: of the scene.
        pair: where they are.
        prediction, mask: class indices of one table.
    """

    name: str
    pair: Pair
    prediction: Mask
    mask: Mask

    def windows(self, side: int) -> Iterator[tuple[Window, np.ndarray, np.ndarray]]:
        """Squares that cover the scene: the window, the prediction and the mask, `(h, w)` uint8 indices, 255 = nothing.

        Raises:
            UserError: a file is damaged, or holds numbers that are no classes.
        """
        height, width = self.prediction.grid.shape
        for row in range(0, height, side):
            for column in range(0, width, side):
                window = Window(row, column, side, side).clip(height, width)
                yield window, self.prediction.read(window), self.mask.read(window)

    def close(self) -> None:
        """Close both files."""
        self.prediction.close()
        self.mask.close()


def open_pair(
    pair: Pair, classes: ClassTable, written: str = "auto", resampling: str = "none"
) -> ComparedScene:
    """Open a map of classes and its mask.

    Args:
        pair: their files.
        classes: what the numbers in mask files mean.
        written: what numbers the map holds: `indices` of the classes, as this project writes them, `values` as in masks, or
            `auto`: indices where the file says that this project wrote it, else values.
        resampling: `none`, so that both lie on one grid, or `nearest`: the mask is taken by its georeference.

    Raises:
        UserError: a file cannot be read, has other classes, or the grids differ.
    """
    table = _indices(pair.image, classes) if written != "values" else None
    if table is None:
        table = _by_index(classes, classes.names) if written == "indices" else classes
    prediction = MaskReader(table).open(pair.image)
    mask = MaskReader(classes).open(pair.mask, pair.key)
    if not same_place(mask.grid, prediction.grid):
        both = georeferenced(mask.grid, prediction.grid)
        if resampling != "nearest" or not both:
            way = "; resampling=nearest takes it by its georeference" if both else ""
            raise UserError(
                f"{mask.name}: found a mask of {described(mask.grid)}, expected {described(prediction.grid)} "
                f"as {pair.image} has{way}"
            )
        mask = PlacedMask(mask, prediction.grid)
    return ComparedScene(stem_of(pair.image), pair, prediction, mask)


def _indices(path: Path, classes: ClassTable) -> ClassTable | None:
    """The table by which a file of this project is read; None where another program wrote it.

    Raises:
        UserError: its classes are others.
    """
    if is_npz(path):
        return None
    with open_dataset(str(path)) as dataset:
        named = dataset.tags().get(CLASSES_TAG)
    if named is None:
        return None
    names = tuple(named.split(","))
    if sorted(names) != sorted(classes.names):
        raise UserError(
            f"{path}: found the classes {', '.join(names)}, expected {', '.join(classes.names)} of classes={classes.name}"
        )
    return _by_index(classes, names)


def _by_index(classes: ClassTable, stored: tuple[str, ...]) -> ClassTable:
    """The same classes, where files hold positions in `stored`."""
    facts = {
        name: {"values": [stored.index(name)], "colour": list(colour)}
        for name, colour in zip(classes.names, classes.colours, strict=True)
    }
    return ClassTable(name=classes.name, classes=facts)

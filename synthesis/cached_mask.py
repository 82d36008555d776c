"""A mask as a GeoTIFF, as caches hold it: read again with the class table that it was read with."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from products.class_raster import ClassRasterWriter
from products.class_table import IGNORE, ClassTable
from products.grid import Grid
from products.mask import Mask
from products.window import Window
from synthesis.made_with import made_with
from synthesis.worker_threads import StopSign

_STRIP = 512  # rows that are written at a time, a multiple of the file's blocks


def write_mask(path: Path, mask: Mask, grid: Grid, record: Mapping[str, Any], sign: StopSign) -> None:
    """Write a mask, whole or not at all, with numbers that stand for its classes in the table, and a palette.

    Args:
        path: of the file.
        mask: on `grid`.
        grid: of the scene, whose georeference masks without one get.
        record: what it is made with.
        sign: where the job is asked to end.

    Raises:
        UserError: the mask cannot be read, or the file not be written.
        Stopped: the job was asked to end.
    """
    numbers = stored_numbers(mask.classes)
    palette = {int(numbers[index]): colour for index, colour in mask.classes.palette().items()}
    staged = path.with_name(f".{path.name}.{os.getpid()}.staged")
    try:
        with ClassRasterWriter(staged, grid, mask.classes, made_with(record), palette=palette) as writer:
            for row in range(0, grid.height, _STRIP):
                sign.check()
                window = Window(row, 0, min(_STRIP, grid.height - row), grid.width)
                writer.write(window, numbers[mask.read(window)])
        if numbers[IGNORE] != IGNORE:
            with rasterio.open(staged, "r+") as file:
                file.nodata = int(numbers[IGNORE])
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def stored_numbers(classes: ClassTable) -> np.ndarray:
    """What stands in a file for each index, (256,) uint8: the first number of each class that a byte holds; for 255 a
    number that the table ignores, or else one that it does not know."""
    known = {value for values in classes.values for value in values}
    unknown = next(
        number
        for number in (IGNORE, *classes.ignore, *range(IGNORE, -1, -1))
        if 0 <= number <= IGNORE and number not in known
    )
    numbers = np.full(IGNORE + 1, unknown, np.uint8)
    for index, values in enumerate(classes.values):
        numbers[index] = next(value for value in values if 0 <= value <= IGNORE)
    return numbers

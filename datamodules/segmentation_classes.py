"""Where the classes of the training masks are: counts in the cells of each area, and in the rows of a scene."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datamodules.segmentation_blocks import ClassProfiles
from datamodules.segmentation_reading import Edit, edited
from datamodules.segmentation_windows import Area
from errors import UserError
from products.class_table import IGNORE, ClassTable
from products.mask import Mask
from products.window import Window

MOST_CELLS = 64  # along a side of an area: bounds the memory of any number of scenes
STRIP_PIXELS = 2**23  # of a mask that are read at once


class ClassCells:
    """How many pixels of each class lie in each cell of an area.

    Args:
        area: the rectangle.
        cell: side of a cell, pixels.
        cells: (rows, columns, K) counts.
    """

    def __init__(self, area: Window, cell: int, cells: np.ndarray) -> None:
        self.area, self.cell, self.cells = area, cell, cells

    @property
    def counts(self) -> np.ndarray:
        """(K,) int64: pixels of each class in the area."""
        return self.cells.sum((0, 1), dtype=np.int64)

    def draw(self, label: int, generator: np.random.Generator) -> Window:
        """A cell that shows a class, the more likely the more of it there is."""
        own = np.cumsum(self.cells[..., label].ravel(), dtype=np.int64)
        number = int(np.searchsorted(own, generator.integers(own[-1]), side="right"))
        row, column = divmod(number, self.cells.shape[1])
        top, left = self.area.row + row * self.cell, self.area.column + column * self.cell
        return Window(
            top, left, min(self.cell, self.area.bottom - top), min(self.cell, self.area.right - left)
        )


def cell_side(area: Window, patch_size: int) -> int:
    """Side of the cells of an area: half a patch, more in large areas."""
    return max(1, patch_size // 2, -(-max(area.height, area.width) // MOST_CELLS))


def class_cells(
    masks: Sequence[Mask],
    areas: Sequence[Area],
    classes: ClassTable,
    patch_size: int,
    *,
    edits: Sequence[Sequence[Edit]] = (),
    cache: Path | None = None,
) -> list[ClassCells]:
    """Counts of all areas; each mask is read once, by strips, and what was counted is kept in the cache.

    Args:
        masks: of each scene.
        areas: of the training.
        classes: gives the number of classes.
        patch_size: sets the size of the cells.
        edits: of each scene, what was drawn anew.
        cache: folder; None: nothing is kept.

    Raises:
        UserError: a mask is damaged.
    """
    found = []
    for area in areas:
        mask, side = masks[area.scene], cell_side(area.window, patch_size)
        own = edits[area.scene] if edits else ()
        kept = None if cache is None or own else cache / f"{_key(mask, area.window, side, classes)}.npy"
        cells = _kept(kept)
        if cells is None:
            cells = _counted(mask, area.window, side, len(classes), own)
            if kept is not None:
                _keep(kept, cells)
        found.append(ClassCells(area.window, side, cells))
    for number in {area.scene for area in areas}:
        masks[number].close()
    return found


def class_profiles(mask: Mask, num_classes: int) -> ClassProfiles:
    """How the classes of a mask are spread over its rows and columns; reads the mask once, by strips."""
    height, width = mask.grid.shape
    rows, columns = np.zeros((height, num_classes), np.int64), np.zeros((width, num_classes), np.int64)
    for strip in _strips(Window(0, 0, height, width), 1):
        stored = mask.read(strip)
        for label in range(num_classes):
            here = stored == label
            rows[strip.row : strip.bottom, label] = here.sum(1)
            columns[:, label] += here.sum(0)
    mask.close()
    return ClassProfiles(rows, columns)


def _counted(mask: Mask, area: Window, side: int, num_classes: int, edits: Sequence[Edit]) -> np.ndarray:
    rows, columns = -(-area.height // side), -(-area.width // side)
    counts = np.zeros((rows, columns, num_classes), np.uint32)
    of_column = np.arange(area.width) // side
    for strip in _strips(area, side):
        stored = edited(mask.read(strip), strip, edits)
        of_row = (np.arange(strip.row, strip.bottom) - area.row) // side
        known = stored != IGNORE
        cell = (of_row[:, None] * columns + of_column)[known]
        flat = np.bincount(cell * num_classes + stored[known], minlength=counts.size)
        counts += flat.reshape(counts.shape).astype(np.uint32)
    return counts


def _strips(area: Window, multiple: int) -> list[Window]:
    """An area as strips of whole rows, each of a multiple of some rows and about `STRIP_PIXELS`."""
    step = max(1, STRIP_PIXELS // (area.width * multiple)) * multiple
    return [
        Window(row, area.column, min(step, area.bottom - row), area.width)
        for row in range(area.row, area.bottom, step)
    ]


def _key(mask: Mask, area: Window, side: int, classes: ClassTable) -> str:
    state = mask.path.stat()
    facts = [str(mask.path.resolve()), state.st_mtime_ns, state.st_size, mask.name, area, side, str(classes)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]


def _kept(path: Path | None) -> np.ndarray | None:
    try:
        return None if path is None else np.load(path, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):  # not there, or cut short by a full disk
        return None


def _keep(path: Path, cells: np.ndarray) -> None:
    unfinished = path.with_name(f".{uuid.uuid4().hex}.npy")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(unfinished, cells)
        unfinished.replace(path)
    except OSError as error:
        raise UserError(
            f"data.cache: {path.parent} cannot be written ({error}), expected a writable folder"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)

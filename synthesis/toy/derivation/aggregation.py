"""Coarser pixels: images by a weighted mean of blocks, labels by majority."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from errors import UserError
from synthesis.toy.derivation.option_checks import is_number, is_whole, require
from synthesis.toy.derivation.separable import apply, block_means
from synthesis.toy.derivation.stage import Draws, Prepared, Shape


@dataclass(frozen=True)
class Aggregation:
    """Resamples to another number of pixels over the same ground; the ratio need not be whole.

    Attributes:
        size: rows and columns of the output; None: by `block_px`.
        block_px: side of an output pixel in input pixels; the nearest whole number of output pixels is made.
        point_spread_sigma_px: standard deviation of the Gaussian point-spread function, input pixels; None: a plain
            mean.
        beyond_block: the point-spread function reaches into neighbouring blocks, as that of a real sensor does; false
            cuts it at the block's edges, as published.

    Raises:
        UserError: an impossible value.
    """

    size: Sequence[int] | None = None
    block_px: float | None = None
    point_spread_sigma_px: float | None = None
    beyond_block: bool = False

    def __post_init__(self) -> None:
        if (self.size is None) == (self.block_px is None):
            raise UserError(
                f"aggregation.size is {self.size} and aggregation.block_px {self.block_px}: expected one of them"
            )
        if self.size is not None:
            holds = isinstance(self.size, Sequence) and len(self.size) == 2
            holds = holds and all(is_whole(part) and part >= 1 for part in self.size)
            require(holds, "aggregation.size", self.size, "two whole numbers of at least 1, rows and columns")
        for name in ("block_px", "point_spread_sigma_px"):
            value = getattr(self, name)
            holds = value is None or (is_number(value) and value > 0)
            require(holds, f"aggregation.{name}", value, "null or a number above 0")
        require(
            isinstance(self.beyond_block, bool),
            "aggregation.beyond_block",
            self.beyond_block,
            "true or false",
        )

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns that come out of an image of this size."""
        if self.size is not None:
            return self.size[0], self.size[1]
        assert self.block_px is not None
        return max(1, round(height / self.block_px)), max(1, round(width / self.block_px))

    def prepare(self, shape: Shape, draws: Draws | None = None) -> Prepared:
        """See `Stage`; nothing is drawn."""
        height, width, bands = shape
        rows, columns = self.output_size(height, width)
        down, across = (
            block_means(length, blocks, self.point_spread_sigma_px, self.beyond_block)
            for length, blocks in ((height, rows), (width, columns))
        )

        def image(frame: np.ndarray, index: int = 0) -> np.ndarray:
            return apply(down, across, frame)

        def labels(annotation: np.ndarray) -> np.ndarray:
            return majority(annotation, rows, columns)

        return Prepared((rows, columns, bands), image, labels)


def majority(annotation: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The cell that most pixels of each block belong to, and that cell's class.

    A pixel belongs to the block that its centre lies in; of equally frequent cells the lowest number wins. Where output
    pixels are smaller than input pixels they take the nearest one. The class of a cell is the one that most of its
    pixels have, so that no output pixel has a class that contradicts its cell.

    Args:
        annotation: (H, W, 2) integer: cell and class.
        rows, columns: of the output.

    Returns:
        (rows, columns, 2) int16.
    """
    cells = annotation[..., 0].astype(np.intp)
    for axis, blocks in enumerate((rows, columns)):
        if blocks > cells.shape[axis]:
            middles = (np.arange(blocks) + 0.5) * (cells.shape[axis] / blocks)
            cells = cells.take(middles.astype(np.intp), axis)
    height, width = cells.shape
    column_of = (np.arange(width) + 0.5) * columns // width
    firsts = np.searchsorted((np.arange(height) + 0.5) * rows // height, np.arange(rows + 1))
    count = int(cells.max(initial=0)) + 1
    offset = column_of.astype(np.intp) * count
    winners = np.empty((rows, columns), dtype=np.intp)
    for row in range(rows):  # a row of blocks at a time keeps the table small
        codes = cells[firsts[row] : firsts[row + 1]] + offset
        votes = np.bincount(codes.ravel(), minlength=columns * count)
        winners[row] = votes.reshape(columns, count).argmax(axis=1)
    return np.stack([winners, _class_of_cells(annotation, count)[winners]], axis=-1).astype(np.int16)


def _class_of_cells(annotation: np.ndarray, count: int) -> np.ndarray:
    cells, classes = annotation[..., 0].astype(np.intp), annotation[..., 1].astype(np.intp)
    number = int(classes.max(initial=0)) + 1
    votes = np.bincount((cells * number + classes).ravel(), minlength=count * number)
    lookup = votes[: count * number].reshape(count, number).argmax(axis=1)
    lookup[0] = 0
    return lookup

"""Windows at full resolution, on which a sharpened product can be held against itself."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from products.degradation import block_count
from products.group_stack import read_stack
from products.product import Product
from products.region import usable
from products.window import Window


def consistency_windows(
    products: Sequence[Product], target_m: int, *, size: int, context: int, limit: int
) -> Iterator[dict[str, Any]]:
    """Windows from the middle of products, one of each, the products spread evenly.

    What a network makes of `inputs`, degraded by `factor` from `row_offset` and `column_offset` on, has the pixels of
    `coarse`.

    Args:
        products: products, or parts of them.
        target_m: the group that is sharpened.
        size: side of a window, pixels of the finest grid, at most.
        context: pixels of the finest grid at inner edges that the network needs; not valid.
        limit: windows at most.

    Yields:
        `inputs` {distance: (C, H, W) float32 on the finest grid}, `coarse` (C, h, w) float32, `valid` (C, h, w) bool,
        `factor`, `row_offset`, `column_offset`, `id`, `scene`.

    Raises:
        UserError: a file is damaged.
    """
    count = min(limit, len(products))
    for number in range(count):
        product = products[number * len(products) // count]
        distances = tuple(product.sensor.inputs_of(target_m))
        relation = product.relation(target_m)
        area = usable(product, distances)
        rows = _middle(area.row, area.height, size, relation.factor, relation.row_offset)
        columns = _middle(area.column, area.width, size, relation.factor, relation.column_offset)
        window = Window(rows[0], columns[0], rows[1], columns[1])
        inputs, known = read_stack(product, distances, window)
        first = window.row // relation.factor, window.column // relation.factor
        height = block_count(window.height, relation.factor, relation.row_offset)
        width = block_count(window.width, relation.factor, relation.column_offset)
        cells = Window(*first, height, width)
        coarse, valid = product.read_harmonised(target_m, cells)
        whole = _whole_blocks(known, relation.factor, height, width)
        ring = -(-context // relation.factor)
        inner = np.zeros((height, width), bool)
        inner[
            _kept(window.row, window.bottom, area.row, area.bottom, ring, height),
            _kept(window.column, window.right, area.column, area.right, ring, width),
        ] = True
        yield {
            "inputs": inputs,
            "coarse": coarse,
            "valid": valid & whole & inner,
            "factor": relation.factor,
            "row_offset": relation.row_offset,
            "column_offset": relation.column_offset,
            "id": f"{product.name}#{window}",
            "scene": product.name,
        }


def _middle(begin: int, length: int, size: int, factor: int, offset: float) -> tuple[int, int]:
    """First pixel and number of pixels: whole coarse pixels from the middle, and what an offset reaches into."""
    extra = int(np.ceil(offset))
    begin_cell = -(-begin // factor)
    cells = (begin + length - extra - begin_cell * factor) // factor
    wanted = max(1, min(cells, size // factor))
    first = begin_cell + (cells - wanted) // 2
    return first * factor, wanted * factor + extra


def _whole_blocks(known: np.ndarray, factor: int, height: int, width: int) -> np.ndarray:
    blocks = known[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return np.asarray(blocks.all((1, 3)))


def _kept(begin: int, end: int, low: int, high: int, ring: int, cells: int) -> slice:
    """The cells that count: without a ring where the window ends inside of the scene."""
    return slice(ring if begin > low else 0, cells - ring if end < high else cells)

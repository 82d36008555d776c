"""What a super-resolution network takes: the groups of a product on its finest grid."""

from collections.abc import Iterable

import numpy as np

from products.filling import read_filled
from products.grid import GridRelation
from products.product import Product
from products.resampling import Order, coarse_window_for, upsample
from products.window import Window


def read_stack(
    product: Product, ground_sample_distances_m: Iterable[int], window: Window
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Groups of a window on the finest grid, coarser ones brought there by bilinear interpolation.

    Holes are filled from their surroundings first. A pixel does not depend on the window that it is read in.

    Args:
        product: an open product.
        ground_sample_distances_m: which groups.
        window: on the finest grid, inside it.

    Returns:
        {distance: (C, H, W) float32 harmonised digital numbers}, finest first, and (H, W) bool: where all bands of
        all groups are data (of coarse groups the pixel that lies there).

    Raises:
        UserError: the file is damaged there.
    """
    groups: dict[int, np.ndarray] = {}
    known = np.ones((window.height, window.width), bool)
    for distance in sorted(ground_sample_distances_m):
        groups[distance], valid = read_on_finest(product, distance, window)
        known &= valid.all(0)
    return groups, known


def read_on_finest(
    product: Product, ground_sample_distance_m: int, window: Window, order: Order = "bilinear"
) -> tuple[np.ndarray, np.ndarray]:
    """One group of a window on the finest grid; see `read_stack`.

    Returns:
        (C, H, W) float32, and (C, H, W) bool: where the pixel of the group that lies there is data.
    """
    if ground_sample_distance_m == product.finest_m:
        return read_filled(product, ground_sample_distance_m, window)
    relation = product.relation(ground_sample_distance_m)
    cells = coarse_window_for(window, relation, product.grids[ground_sample_distance_m].shape, order)
    coarse, valid = read_filled(product, ground_sample_distance_m, cells)
    pixels = upsample(coarse, relation, cells, window, order=order)
    if valid.all():
        return pixels, np.ones(pixels.shape, bool)
    rows, columns = nearest_cells(window, relation, cells)
    return pixels, valid[:, rows[:, None], columns]


def nearest_cells(window: Window, relation: GridRelation, cells: Window) -> tuple[np.ndarray, np.ndarray]:
    """Row and column inside `cells` of the coarse pixel that holds the centre of each row and column of `window`."""
    rows, columns = (
        np.floor((np.arange(begin, begin + length) + 0.5 - offset) / relation.factor).astype(np.intp)
        for begin, length, offset in (
            (window.row, window.height, relation.row_offset),
            (window.column, window.width, relation.column_offset),
        )
    )
    return np.clip(rows - cells.row, 0, cells.height - 1), np.clip(columns - cells.column, 0, cells.width - 1)

"""A product as super-resolution networks take it: all groups of a window on the finest grid."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from products.group_stack import read_on_finest
from products.product import Product
from products.window import Window


@dataclass(frozen=True)
class Stack:
    """One window of a product.

    Attributes:
        pixels: by ground sample distance in m, (C, h, w) float32 harmonised digital numbers on the finest grid, holes
            filled.
        valid: likewise, (C, h, w) bool: where the group's own pixel that lies there is data.
        originals: stored digital numbers (C, h, w) of the finest bands; None where they are not wanted.
    """

    pixels: dict[int, np.ndarray]
    valid: dict[int, np.ndarray]
    originals: np.ndarray | None


class StackedGroups:
    """A product whose windows are read as stacks; what a pixel holds does not depend on the window.

    Args:
        product: an open product.
        ground_sample_distances_m: the groups to read.
        originals: whether to read the stored digital numbers of the finest bands too.
    """

    def __init__(self, product: Product, ground_sample_distances_m: Iterable[int], originals: bool) -> None:
        self.product, self.originals = product, originals
        self.distances = tuple(sorted(ground_sample_distances_m))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands of all groups, rows and columns of the finest grid."""
        sensor = self.product.sensor
        bands = sum(len(sensor.group(distance)) for distance in self.distances)
        return bands, *self.product.grids[self.product.finest_m].shape

    def read(self, window: Window) -> Stack:
        """A window of the finest grid, inside it.

        Raises:
            UserError: a file is damaged there.
        """
        pixels, valid = {}, {}
        for distance in self.distances:
            pixels[distance], valid[distance] = read_on_finest(self.product, distance, window)
        originals = self.product.read(self.product.finest_m, window) if self.originals else None
        return Stack(pixels, valid, originals)

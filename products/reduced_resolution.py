"""Inputs and truth of super-resolution made of one product by Wald's protocol, window by window."""

import numpy as np

from products.degraded_product import DegradedProduct
from products.group_stack import read_on_finest, read_stack
from products.product import Product
from products.region import usable
from products.window import Window


class ReducedResolution:
    """A product degraded until its finest grid is that of one of its groups, which then is the truth.

    Windows are on the grid of that group. What is read does not depend on the window, bit for bit.

    Args:
        product: the product.
        target_m: ground sample distance of the group that is the truth.

    Attributes:
        degraded: the inputs as a product.
        distances_m: of the input groups, finest first; the last is `target_m`.
        factor: pixels of the finest grid per pixel of the target grid and side.
        usable: the window inside which all inputs and the truth lie.

    Raises:
        UserError: the product lacks a grid, or is too small.
    """

    def __init__(self, product: Product, target_m: int) -> None:
        self.product, self.target_m = product, target_m
        self.degraded = DegradedProduct(product, target_m)
        self.distances_m = tuple(product.sensor.inputs_of(target_m))
        self.factor = self.degraded.factor
        self.usable = usable(self.degraded, self.distances_m).clip(*product.grids[target_m].shape)

    def inputs(self, window: Window) -> tuple[dict[int, np.ndarray], np.ndarray]:
        """{distance: (C, H, W) float32 harmonised digital numbers}, finest first, and (H, W) bool: all are data.

        Raises:
            UserError: the file is damaged there.
        """
        return read_stack(self.degraded, self.distances_m, window)

    def truth(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """The group `target_m` as the product has it: (C, H, W) float32, 0 where not data, and (C, H, W) bool."""
        return self.product.read_harmonised(self.target_m, window)

    def bicubic(self, window: Window) -> np.ndarray:
        """The degraded group brought back by bicubic interpolation: the baseline; (C, H, W) float32."""
        return read_on_finest(self.degraded, self.target_m, window, "bicubic")[0]

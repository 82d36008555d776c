"""A rectangle of a product that is a product: nothing outside of it can be read."""

import numpy as np
from rasterio.transform import Affine

from products.grid import Grid
from products.product import Geolocation, Product
from products.window import Window


class ProductPart(Product):
    """A rectangle of a product.

    Windows count from its corner, and what is read around a window ends at its edge, so that two parts that share no
    pixel stay apart whatever filters and fillings need. It opens and closes with the product that it is a part of.

    Args:
        whole: the product.
        window: on the finest grid, inside it; its corner lies on a whole pixel of every grid (apart from the offsets
            that the grids have), and what is left of the last coarse pixel is left out.

    Attributes:
        origin: of each grid, the first row and column of the part in the whole.

    Raises:
        ValueError: the corner is no whole pixel of a grid.
    """

    def __init__(self, whole: Product, window: Window) -> None:
        self.whole, self.window = whole, window
        self.origin: dict[int, tuple[int, int]] = {}
        grids = {}
        for distance, grid in whole.grids.items():
            factor = whole.relation(distance).factor
            if window.row % factor or window.column % factor:
                raise ValueError(f"{window} begins on no whole pixel of the {distance} m grid")
            row, column = window.row // factor, window.column // factor
            height = min(window.height // factor, grid.height - row)
            width = min(window.width // factor, grid.width - column)
            self.origin[distance] = row, column
            grids[distance] = Grid(height, width, grid.crs, _moved(grid.transform, row, column))
        super().__init__(
            whole.path,
            whole.name,
            whole.sensor,
            grids,
            offsets=whole.offsets,
            scales=whole.scales,
            tags=whole.tags,
            synthetic=whole.synthetic,
        )

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """See `Product.read`."""
        return self.whole.read(ground_sample_distance_m, self._in_whole(ground_sample_distance_m, window))

    def geolocation(self, ground_sample_distance_m: int, window: Window) -> Geolocation | None:
        """See `Product.geolocation`."""
        window = self._in_whole(ground_sample_distance_m, window)
        return self.whole.geolocation(ground_sample_distance_m, window)

    def close(self) -> None:
        """Close the whole."""
        self.whole.close()

    def _in_whole(self, distance: int, window: Window) -> Window:
        if window.clip(*self.grids[distance].shape) != window:
            raise ValueError(f"{window} reaches beyond a part of {self.grids[distance].shape} pixels")
        row, column = self.origin[distance]
        return Window(window.row + row, window.column + column, window.height, window.width)


def _moved(transform: tuple[float, ...] | None, row: int, column: int) -> tuple[float, ...] | None:
    if transform is None:
        return None
    return tuple(Affine(*transform) @ Affine.translation(column, row))[:6]

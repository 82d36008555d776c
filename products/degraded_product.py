"""A product as an instrument of coarser resolution would have taken it: Wald's protocol on whole products, lazily."""

import numpy as np
from rasterio.transform import Affine

from errors import UserError
from products.degradation import block_count, degrade, source_window
from products.grid import Grid
from products.product import Product
from products.window import Window


class DegradedProduct(Product):
    """A product whose grids are all coarser by the ratio of one of its grids to the finest.

    So the finest group lies on what was the grid `target_m`, pixel for pixel, and to it the others lie as they lay to
    the finest grid, half pixels included. Groups keep the ground sample distance that they had as their key. A network
    that has learned to bring the group `target_m` of this product onto its finest grid, where the true one is known,
    can then do it on the product itself.

    Pixels are harmonised digital numbers, float32.

    Args:
        product: the product; this one opens and closes with it.
        target_m: ground sample distance of one of its grids; coarser groups are left out.

    Raises:
        UserError: it lacks the grid, or is smaller than a degraded pixel.
    """

    def __init__(self, product: Product, target_m: int) -> None:
        if target_m not in product.grids:
            found = ", ".join(f"{distance} m" for distance in product.grids)
            raise UserError(f"{product.path}: found grids of {found}, expected one of {target_m} m")
        self.source = product
        target = product.relation(target_m)
        self.factor = target.factor
        self.offsets_px: dict[int, tuple[float, float]] = {}
        grids = {}
        for distance, grid in product.grids.items():
            if distance > target_m:
                continue
            own = product.relation(distance)
            # So chosen that the degraded grids relate to each other as the native ones do.
            row, column = (
                ((self.factor - 1) * offset + aim) / own.factor
                for offset, aim in (
                    (own.row_offset, target.row_offset),
                    (own.column_offset, target.column_offset),
                )
            )
            height, width = (
                block_count(size, self.factor, offset)
                for size, offset in zip(grid.shape, (row, column), strict=True)
            )
            if min(height, width) < 1:
                raise UserError(
                    f"{product.path}: found {grid.height}x{grid.width} pixels of {distance} m, "
                    f"expected at least {self.factor} rows and columns"
                )
            self.offsets_px[distance] = row, column
            grids[distance] = Grid(
                height, width, grid.crs, _coarser(grid.transform, self.factor, row, column)
            )
        super().__init__(
            product.path, product.name, product.sensor, grids, tags=product.tags, synthetic=product.synthetic
        )

    def read(self, ground_sample_distance_m: int, window: Window) -> np.ndarray:
        """Harmonised digital numbers (C, h, w) float32, 0 where nothing is known."""
        return self.read_harmonised(ground_sample_distance_m, window)[0]

    def read_harmonised(self, ground_sample_distance_m: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See `Product.read_harmonised`; a pixel is valid where everything that it was made of is."""
        row, column = self.offsets_px[ground_sample_distance_m]
        source, row, column = source_window(
            window,
            self.factor,
            self.source.grids[ground_sample_distance_m].shape,
            row_offset=row,
            column_offset=column,
        )
        pixels, valid = self.source.read_harmonised(ground_sample_distance_m, source)
        pixels, valid = degrade(pixels, self.factor, row_offset=row, column_offset=column, valid=valid)
        return pixels[:, : window.height, : window.width], valid[:, : window.height, : window.width]

    def close(self) -> None:
        """Close the product."""
        self.source.close()


def _coarser(
    transform: tuple[float, ...] | None, factor: int, row: float, column: float
) -> tuple[float, ...] | None:
    if transform is None:
        return None
    return tuple(Affine(*transform) @ Affine.translation(column, row) @ Affine.scale(factor))[:6]

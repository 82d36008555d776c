"""A mask held against the scene that it belongs to, and where it is asked for brought onto its grid."""

from typing import Literal

import numpy as np
from rasterio.transform import Affine

from errors import UserError
from products.auxiliary_scene import AuxiliaryScene
from products.class_table import IGNORE
from products.earth_engine_scene import EarthEngineScene
from products.grid import Grid
from products.grid_mapping import centres_on, described, georeferenced, same_place
from products.mask import Mask
from products.scene import Scene
from products.window import Window

Resampling = Literal["none", "nearest"]


class PlacedMask(Mask):
    """A mask on the grid of a scene: 255 outside of it, by georeference the number at each pixel's centre, or shifted.

    Args:
        mask: the mask.
        grid: of the scene.
        corner: row and column of the mask's first pixel in the scene; None: by georeference.
    """

    def __init__(self, mask: Mask, grid: Grid, corner: tuple[int, int] | None = None) -> None:
        super().__init__(mask.path, mask.name, mask.classes, grid)
        self.mask, self.corner = mask, corner

    def read(self, window: Window) -> np.ndarray:
        """See `Mask.read`."""
        if self.corner is None:
            rows, columns = centres_on(self.mask.grid, self.grid, window, self.name)
            row, column = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
        else:
            row, column = np.broadcast_arrays(
                window.row - self.corner[0] + np.arange(window.height)[:, None],
                window.column - self.corner[1] + np.arange(window.width)[None],
            )
        height, width = self.mask.grid.shape
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        indices = np.full(inside.shape, IGNORE, np.uint8)
        if inside.any():
            row, column = row[inside], column[inside]
            top, left = int(row.min()), int(column.min())
            area = Window(top, left, int(row.max()) + 1 - top, int(column.max()) + 1 - left)
            indices[inside] = self.mask.read(area)[row - top, column - left]
        return indices

    def close(self) -> None:
        """See `Mask.close`."""
        self.mask.close()


def placed(mask: Mask, scene: Scene, resampling: Resampling = "none") -> Mask:
    """The mask on the grid of a scene.

    A mask without georeference, or of a scene without, fits by its size. To an export of Earth Engine belongs also a mask
    of the tile without the border.

    Raises:
        UserError: size or place differ, and `resampling` is `none` or one of both has no georeference.
    """
    if same_place(mask.grid, scene.grid):
        return mask
    measured = scene.scene if isinstance(scene, AuxiliaryScene) else scene
    if isinstance(measured, EarthEngineScene) and same_place(mask.grid, _part(scene.grid, measured.inner)):
        return PlacedMask(mask, scene.grid, (measured.inner.row, measured.inner.column))
    both = georeferenced(mask.grid, scene.grid)
    if resampling == "nearest" and both:
        return PlacedMask(mask, scene.grid)
    way = "; mask_resampling=nearest takes it by its georeference" if both else ""
    raise UserError(
        f"{mask.name}: found a mask of {described(mask.grid)}, expected {described(scene.grid)} as {scene.path} has{way}"
    )


def _part(grid: Grid, window: Window) -> Grid:
    transform = grid.transform
    if transform is not None:
        transform = tuple(Affine(*transform) @ Affine.translation(window.column, window.row))[:6]
    return Grid(window.height, window.width, grid.crs, transform)

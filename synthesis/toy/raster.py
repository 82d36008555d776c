"""Polygons to pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree


def draw_cells(
    polygons: Sequence[np.ndarray], points: np.ndarray, width: int, height: int, border_px: int
) -> np.ndarray:
    """Number of the cell at every pixel.

    Args:
        polygons: N arrays (V, 2), y upwards, one unit = `height` pixels; they tile the image.
        points: (N, 2) seeds of the cells.
        width, height: size of the image, pixels.
        border_px: width of the line of 0 drawn along every edge.

    Returns:
        (H, W) int32: 1..N, 0 on borders.
    """
    image = Image.new("I", (width, height), 0)
    draw = ImageDraw.Draw(image)
    # Pixel centres lie at +0.5; PIL puts them at whole numbers.
    outlines = [
        [(x * height - 0.5, (1 - y) * height - 0.5) for x, y in polygon.tolist()] for polygon in polygons
    ]
    for number, outline in enumerate(outlines, start=1):
        draw.polygon(outline, fill=number, outline=number)
    cells = np.array(image, dtype=np.int32)
    _fill_gaps(cells, points, height)
    if border_px:
        lines = Image.new("1", (width, height), 0)
        draw = ImageDraw.Draw(lines)
        for outline in outlines:
            draw.line([*outline, outline[0]], fill=1, width=border_px)
        cells[np.array(lines)] = 0
    return cells


def _fill_gaps(cells: np.ndarray, points: np.ndarray, height: int) -> None:
    """Give pixels that rounding left between polygons to the nearest point; changes `cells`."""
    rows, columns = np.nonzero(cells == 0)
    if len(rows):
        places = np.column_stack([(columns + 0.5) / height, 1 - (rows + 0.5) / height])
        cells[rows, columns] = cKDTree(points).query(places)[1] + 1


@dataclass(frozen=True)
class CellMask:
    """A cell of the published imagery.

    Attributes:
        row, column: where the upper left pixel of the mask lies in the image; may be outside.
        mask: (h, w) bool, True inside of the outline.
    """

    row: int
    column: int
    mask: np.ndarray

    def clip(self, height: int, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Slices of the image and of the mask where they meet."""
        rows, columns = self.mask.shape
        top, left = max(0, self.row), max(0, self.column)
        bottom, right = min(height, self.row + rows), min(width, self.column + columns)
        bottom, right = max(top, bottom), max(left, right)
        return (slice(top, bottom), slice(left, right)), (
            slice(top - self.row, bottom - self.row),
            slice(left - self.column, right - self.column),
        )


def published_mask(polygon: np.ndarray, height: int) -> CellMask:
    """Rasterise a cell as the published imagery does, its one-pixel shifts included.

    Vertices are cut to whole pixels, the outline is background, the width is cut (a cell may lose its last
    column) and the mask is put by the cut centre of the bounding box.

    Args:
        polygon: (V, 2) vertices, y upwards, one unit = `height` pixels.
        height: of the image, pixels.
    """
    columns = (polygon[:, 0] * height).astype(int)
    rows = height - (polygon[:, 1] * height).astype(int)
    left, bottom = polygon.min(axis=0) * height
    right, top = polygon.max(axis=0) * height
    mask_width, whole_height = int(right - left), int(top - bottom)
    size = (mask_width, int(np.ceil(top - bottom)))
    image = Image.new("L", size, 0)
    outline = list(zip((columns - columns.min()).tolist(), (rows - rows.min()).tolist(), strict=True))
    if min(size) > 0:
        ImageDraw.Draw(image).polygon(outline, fill=255, outline=0)
    return CellMask(
        row=height - int((bottom + top) / 2) - (whole_height + 1) // 2,
        column=int((left + right) / 2) - mask_width // 2,
        mask=np.array(image, dtype=np.uint8).reshape(size[::-1]) > 100,
    )

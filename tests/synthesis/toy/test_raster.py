import numpy as np
import pytest
from scipy.spatial import cKDTree

from synthesis.toy.raster import CellMask, draw_cells, published_mask
from synthesis.toy.voronoi import bounded_polygons

WIDTH, HEIGHT = 90, 64


def drawn(border_px: int) -> tuple[np.ndarray, np.ndarray]:
    seeds = np.random.default_rng(3).uniform(size=(12, 2)) * [WIDTH / HEIGHT, 1]
    polygons = bounded_polygons(seeds, WIDTH / HEIGHT)
    rows, columns = np.indices((HEIGHT, WIDTH))
    centres = np.column_stack([(columns.ravel() + 0.5) / HEIGHT, 1 - (rows.ravel() + 0.5) / HEIGHT])
    nearest = cKDTree(seeds).query(centres)[1].reshape(HEIGHT, WIDTH) + 1
    return draw_cells(polygons, seeds, WIDTH, HEIGHT, border_px), nearest


def test_without_borders_every_pixel_belongs_to_about_the_nearest_point() -> None:
    cells, nearest = drawn(border_px=0)
    assert cells.min() == 1
    wrong = cells != nearest
    assert wrong.mean() < 0.05
    # What differs lies on the edge between two cells: PIL draws outlines one pixel wide.
    neighbours = np.pad(nearest, 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(neighbours, (5, 5)).reshape(HEIGHT, WIDTH, 25)
    assert (windows == cells[..., None]).any(axis=-1).all()


def test_a_border_separates_cells() -> None:
    cells, nearest = drawn(border_px=1)
    assert 0.02 < (cells == 0).mean() < 0.2
    assert set(np.unique(cells)) == set(range(13))
    inside = cells > 0
    assert (cells[inside] == nearest[inside]).mean() > 0.97
    touching = (cells[:, 1:] != cells[:, :-1]) & (cells[:, 1:] > 0) & (cells[:, :-1] > 0)
    assert touching.mean() < 0.01


def test_published_mask_of_a_rectangle() -> None:
    """Outline excluded above and left, shifted by the cut centre: worked out by hand."""
    square = np.array([(0.25, 0.25), (0.5, 0.25), (0.5, 0.75), (0.25, 0.75)])
    cell = published_mask(square, 64)
    assert cell.mask.shape == (32, 16)
    assert (cell.row, cell.column) == (16, 16)
    assert not cell.mask[0].any()
    assert not cell.mask[:, 0].any()
    assert cell.mask[1:, 1:].all()


@pytest.mark.parametrize(
    ("row", "column", "rows", "columns"),
    [(-2, -3, 3, 4), (8, 7, 2, 3), (0, 0, 5, 7), (-9, 0, 0, 7), (0, 99, 5, 0)],
)
def test_clip_keeps_what_lies_in_the_image(row: int, column: int, rows: int, columns: int) -> None:
    cell = CellMask(row, column, np.ones((5, 7), dtype=bool))
    image = np.zeros((10, 10), dtype=bool)
    in_image, in_mask = cell.clip(10, 10)
    assert image[in_image].shape == cell.mask[in_mask].shape == (rows, columns)
